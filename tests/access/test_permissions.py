"""Permissions are read strictly, kept in one spelling, and cover no more than they say."""

from __future__ import annotations

import pytest

from engine.access.permissions import OPERATIONS, everything, hold, parse
from engine.model.names import TenantId


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("TNT#main#IdentityStore:listUsers", "TNT#main#IdentityStore:listUsers"),
        ("TNT#main#completePasscodeAuthentication",
         "TNT#main#IdentityStore:completePasscodeAuthentication"),
        ("TNT#acme-2#IdentityStore:*", "TNT#acme-2#IdentityStore:*"),
        ("TNT#main#*:*", "TNT#main#*:*"),
    ],
)  # fmt: skip
def test_permission_is_kept_in_one_spelling(text: str, kept: str) -> None:
    found = parse(text)

    assert found is not None
    assert found.written == kept


@pytest.mark.parametrize(
    "text",
    [
        "", "TNT#main#listUsers", "TNT#main#IdentityStore:", "TNT#main#IdentityStore:fly",
        "TNT#main#Other:listUsers", "TNT#main#Other:*", "TNT#main#*:listUsers", "TNT#main#*",
        "TNT#Main#IdentityStore:listUsers", "TNT##IdentityStore:listUsers",
        "TNT#main#identitystore:listUsers", "TNT#main#IdentityStore:listUsers ",
        "TNT#main#IdentityStore:listUsers\n", "TNT#*#IdentityStore:listUsers",
        "TNT#main#ProcessManager:completePasscodeAuthentication",
    ],
)  # fmt: skip
def test_what_names_nothing_we_know_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("held", "is_held"),
    [
        ("TNT#main#IdentityStore:listUsers", True),
        ("TNT#main#IdentityStore:*", True),
        ("TNT#main#*:*", True),
        ("TNT#main#IdentityStore:getUser", False),
        ("TNT#main#ProcessManager:*", False),
        ("TNT#other#*:*", False),
        ("something else", False),
    ],
)
def test_permission_is_held_by_who_has_it_or_more(held: str, is_held: bool) -> None:
    wanted = parse("TNT#main#IdentityStore:listUsers")
    assert wanted is not None

    assert hold([held], wanted) is is_held
    assert not hold([], wanted)


def test_everything_of_a_tenant_covers_each_operation_of_it_alone() -> None:
    mine, theirs = everything(TenantId("main")), everything(TenantId("other"))

    for service, names in OPERATIONS.items():
        for name in names:
            wanted = parse(f"TNT#main#{service}:{name}")
            assert wanted is not None
            assert mine.covers(wanted)
            assert not theirs.covers(wanted)
