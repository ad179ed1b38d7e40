"""The tables of what programs can ask for: with an API key, and as an application server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from engine.web.api.arthr import keys
from engine.web.api.frame.operation import Operation
from engine.web.api.identity_store import (
    devices,
    passcodes,
    policies,
    sessions,
    stores,
    users,
)
from engine.web.api.notification_service import dead_letters, webhooks
from engine.web.api.process_manager import audit, definitions, forms, instances, tokens
from engine.web.api.rtas import callbacks as rtas_callbacks
from engine.web.api.rtas import clients, end_user_tokens, login
from engine.web.api.trustfactor import callback_addresses, codes, contracts, transactions

OPERATIONS: Final[Sequence[Operation[Any, Any]]] = (
    *keys.OPERATIONS,
    *stores.OPERATIONS,
    *users.OPERATIONS,
    *devices.OPERATIONS,
    *policies.OPERATIONS,
    *passcodes.OPERATIONS,
    *sessions.OPERATIONS,
    *definitions.OPERATIONS,
    *forms.OPERATIONS,
    *tokens.OPERATIONS,
    *instances.OPERATIONS,
    *audit.OPERATIONS,
    *webhooks.OPERATIONS,
    *dead_letters.OPERATIONS,
    *clients.OPERATIONS,
)
FOR_APPLICATIONS: Final[Sequence[Operation[Any, Any]]] = (
    login.RENEWAL,
    *end_user_tokens.OPERATIONS,
    *rtas_callbacks.OPERATIONS,
    *codes.OPERATIONS,
    *contracts.OPERATIONS,
    *transactions.OPERATIONS,
    *callback_addresses.OPERATIONS,
)
"""What an application server can ask for with the token of its login."""
