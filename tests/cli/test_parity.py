"""What programs can do by API operators can do by command, or it says here why not (issue 4)."""

from __future__ import annotations

import re
from typing import Final

import click

from engine.cli.main import trustflow
from engine.web.api.table import OPERATIONS

SPELLINGS: Final = re.compile("(ByExtUserId|ForUser|OfTenant|AndRedirect)")
COMMANDS: Final = {
    "listApiKeys": "apikey list", "createApiKey": "apikey add", "getApiKey": "apikey list",
    "updateApiKey": "apikey block", "deleteApiKey": "apikey end",
    "listStores": "store list", "createStore": "store add", "getStore": "store list",
    "updateStore": "store change", "deleteStore": "store remove",
    "listUsers": "user list", "createUser": "user add", "getUser": "user show",
    "updateUser": "user change", "deleteUser": "user erase",
    "listDevices": "user devices", "deleteDevice": "user remove-device",
    "listPasscodePolicies": "policy list", "createPasscodePolicy": "policy add",
    "getPasscodePolicy": "policy show", "updatePasscodePolicy": "policy change",
    "deletePasscodePolicy": "policy remove",
    "listPasscodes": "user show", "getPasscode": "user show",
    "updatePasscode": "passcode block", "deletePasscode": "passcode remove",
    "createProcessDefinition": "deploy", "checkProcessDefinition": "check",
    "getProcessDefinitionPicture": "draw", "checkCustomDataForm": "check",
    "listProcessTokens": "token list", "createProcessToken": "token create",
    "getProcessToken": "token list", "updateProcessToken": "token revoke",
    "deactivateProcessToken": "token revoke",
    "listProcessInstances": "instance list", "searchProcessInstances": "instance list",
    "getProcessInstance": "instance show", "getProcessInstanceWithParameters": "instance show",
    "getProcessInstanceTimeline": "instance show", "createResumeLink": "instance link",
    "acceptProcessInstance": "instance accept", "declineProcessInstance": "instance decline",
    "cancelProcessInstance": "instance cancel", "retryProcessInstance": "instance retry",
    "giveUpProcessInstance": "instance give-up", "listAuditRecords": "audit list",
    "listWebhookDefinitions": "webhook list", "createWebhookDefinition": "webhook add",
    "getWebhookDefinition": "webhook list",
    "getWebhookDefinitionByNameAndVersion": "webhook list",
    "deleteWebhookDefinition": "webhook remove", "exchangeWebhookSecret": "webhook rotate",
    "listDeadLetters": "outbox list", "retryDeadLetter": "outbox retry",
    "dropDeadLetter": "outbox drop",
    "listRtasClients": "rtas list", "createRtasClient": "rtas add", "getRtasClient": "rtas list",
    "updateRtasClient": "rtas change", "deleteRtasClient": "rtas remove",
    "exchangeRtasClientSecret": "rtas exchange",
}  # fmt: skip
BY_API_ALONE: Final = {
    "createPasscodeRegistration": "a program asks its own user for a passcode",
    "createPasscodeAuthentication": "the same",
    "createPasscodeRenewal": "the same",
    "completePasscodeRegistration": "the same; an operator has `passcode register`",
    "completePasscodeAuthentication": "the same",
    "completePasscodeRenewal": "the same",
    "createProcessInstance": "a program begins for a person; a person opens a link",
    "listProcessDefinitions": "`token create` and `doctor` name what is deployed",
    "getProcessDefinition": "the same",
    "getProcessDefinitionFile": "whoever has deployed a file has it",
    "activateProcessDefinition": "`deploy` activates, and a version stays as it is",
    "listProcessDefinitionVersions": "the same",
    "listCustomDataForms": "files are deployed with the definition beside them",
    "createCustomDataForm": "the same",
    "getCustomDataForm": "the same",
    "listCustomDataFormVersions": "the same",
    "activateCustomDataForm": "the same",
    "activateProcessToken": "who has revoked a link makes another one",
}  # fmt: skip


def bases() -> set[str]:
    """Give the operations, those that are spelled in several ways once."""
    return {SPELLINGS.sub("", operation.name) for operation in OPERATIONS}


def test_every_operation_has_a_command_or_a_reason() -> None:
    assert bases() == COMMANDS.keys() | BY_API_ALONE.keys()
    assert not COMMANDS.keys() & BY_API_ALONE.keys()


def test_every_command_that_is_named_is_there() -> None:
    for words in set(COMMANDS.values()):
        found: click.Command | None = trustflow
        for word in words.split():
            assert isinstance(found, click.Group), words
            found = found.get_command(click.Context(found), word)
        assert found is not None, words
