"""Permissions as TrustX writes them: `TNT#{tenant}#{Service}:{operation}`, and who holds them.

Source: trustx-identity.md 5.2 and 10.2. `*` for an operation, and for the service before it, is an
extension: every operation of a service, also those to come.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from engine.model.names import TenantId
from engine.model.value import Passing

ALL: Final = "*"
OPERATIONS: Final[Mapping[str, frozenset[str]]] = {
    "ArthrServer": frozenset(
        {
            "listTenantApiKeys",
            "createTenantApiKey",
            "getFromTenant",
            "updateTenantApiKey",
            "deleteFromTenant",
        }
    ),
    "IdentityStore": frozenset(
        {
            *("listStores", "createStore", "getStore", "updateStore", "deleteStore"),
            *("listUsers", "createUser", "getUser", "updateUser", "deleteUser"),
            *("listDevices", "deleteDevice"),
            *("listPasscodePolicies", "createPasscodePolicy", "getPasscodePolicy"),
            *("updatePasscodePolicy", "deletePasscodePolicy"),
            *("listPasscodes", "getPasscode", "updatePasscode", "deletePasscode"),
            "createPasscodeRegistrationForUser",
            "createUserPasscodeRegistrationForUserByExtUserId",
            "completePasscodeRegistration",
            "createPasscodeAuthenticationForUser",
            "createUserPasscodeAuthenticationForUserByExtUserId",
            "completePasscodeAuthentication",
            "createPasscodeRenewalForUser",
            "createUserPasscodeRenewalForUserByExtUserId",
            "completePasscodeRenewal",
        }
    ),
    "ProcessManager": frozenset(
        {
            *("listProcessDefinitions", "createProcessDefinition", "getProcessDefinition"),
            *("getProcessDefinitionFile", "checkProcessDefinition"),
            *("listCustomDataForms", "createCustomDataForm", "getCustomDataFormByNameAndVersion"),
            *("listProcessTokens", "createProcessToken", "getProcessToken", "updateProcessToken"),
            *("createProcessInstance", "listProcessInstances", "getProcessInstance"),
            *("getProcessInstanceWithParameters", "updateProcessInstance"),
            *("getProcessInstanceTimeline", "listActivityDefinitions", "listAuditRecords"),
        }
    ),
    "NotificationService": frozenset(
        {
            *("listWebhookDefinitions", "createWebhookDefinition", "updateWebhookDefinition"),
            *("getWebhookDefinitionByNameAndVersion", "deleteWebhookDefinition"),
            *("listDeadLetters", "retryDeadLetter"),
        }
    ),
    "Rtas": frozenset(
        {"listClients", "createClient", "getClient", "updateClient", "deleteClient"},
    ),
}
"""Service -> its operations: there is nothing else that a key can be permitted."""
SHORT: Final = frozenset(name for name in OPERATIONS["IdentityStore"] if "Passcode" in name)
"""Operations that TrustX also writes without their service: `TNT#{tenant}#{operation}`."""

_WRITTEN: Final = re.compile(
    r"TNT#(?P<tenant>[a-z][a-z0-9-]{0,29})#(?:(?P<service>[A-Za-z]+|\*):)?(?P<operation>[A-Za-z]+|\*)"
)


class Permission(Passing, frozen=True, kw_only=True):
    """One operation of one service for one tenant; `*` for all of them."""

    tenant: str
    service: str
    operation: str

    @property
    def written(self) -> str:
        """The one way in which it is kept: with its service."""
        return f"TNT#{self.tenant}#{self.service}:{self.operation}"

    def covers(self, other: Permission) -> bool:
        """Whether whoever holds this one holds the other one too."""
        return (
            self.tenant == other.tenant
            and self.service in (ALL, other.service)
            and self.operation in (ALL, other.operation)
        )


def everything(tenant: TenantId) -> Permission:
    """Give the permission for whatever there is in a tenant."""
    return Permission(tenant=tenant, service=ALL, operation=ALL)


def parse(text: str) -> Permission | None:
    """Read a permission; None for one that is written otherwise, or names nothing we know."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    tenant, service, operation = found["tenant"], found["service"], found["operation"]
    if service is None:
        if operation not in SHORT:
            return None
        service = "IdentityStore"
    if service == ALL:
        return Permission(tenant=tenant, service=ALL, operation=ALL) if operation == ALL else None
    known = OPERATIONS.get(service, frozenset())
    if operation not in known and not (known and operation == ALL):
        return None
    return Permission(tenant=tenant, service=service, operation=operation)


def hold(held: Iterable[str], wanted: Permission) -> bool:
    """Whether permissions, as they are kept, include the one that is wanted."""
    return any(own is not None and own.covers(wanted) for own in map(parse, held))
