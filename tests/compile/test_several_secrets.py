"""A slot with several secrets: each one is followed by itself, and none rests (security D3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.compile import Source, check_definition
from engine.model.problem import Problem
from engine.model.signature import KeyUse, Signature
from tests.bench import shipped_forms
from tests.compile.palette import KNOWN
from tests.compile.test_proofs import HEAD

FLOW = """\
  first:
    activity: Start Passcode Renewal
    inputs:
      passcodePolicy: default
      storeName: customers
      userExternalId: "${_initVars.userExternalId}"
    next: change
  change:
    activity: Passcode Renewal Form
    inputs: {dataFormName: passcode-renewal}
    next: replace
  replace:
    activity: End Passcode Renewal
    errors:
      FailedPasscodeRenewal: change
      PasscodeRefusedByPolicy: change
      PasscodeTooCommon: change
      PasscodeUsedBefore: change
      ExceededPasscodeRenewal: end
    next: end
"""
USER = """\
  find:
    activity: Get User
    inputs:
      storeName: customers
      userExternalId: "${_initVars.userExternalId}"
    errors:
      UserNotFound: end
    next: begin
"""
REGISTER = """\
  begin:
    activity: Start Passcode Registration
    inputs:
      passcodePolicy: default
      storeName: customers
    errors:
      PasscodeAlreadyRegistered: end
    next: end
"""


def problems_of(flow: str, *, takes: tuple[str, ...] | None = None) -> tuple[Problem, ...]:
    """Check a flow, with another *End Passcode Renewal* that takes these secrets alone."""
    known = [_with(one, takes) if takes is not None else one for one in KNOWN]
    source = Source(path="t.yaml", text=(HEAD + flow).encode())
    return check_definition(source, known, shipped_forms()).problems


def _with(signature: Signature, takes: tuple[str, ...]) -> Signature:
    if signature.label != "End Passcode Renewal":
        return signature
    keys: tuple[KeyUse, ...] = tuple(replace(key, takes=takes) for key in signature.keys)
    return replace(signature, keys=keys)


def rules(found: tuple[Problem, ...]) -> list[str]:
    return [problem.rule for problem in found]


def test_all_are_taken_and_nothing_rests() -> None:
    assert problems_of(FLOW) == ()


@pytest.mark.parametrize(("takes", "rests"), [(("passcode",), "newPasscode"),
                                              (("newPasscode",), "passcode")])  # fmt: skip
def test_one_that_is_left_behind_is_found(takes: tuple[str, ...], rests: str) -> None:
    found = problems_of(FLOW, takes=takes)

    assert rules(found) == ["P111"]
    assert f"`{rests}`" in found[0].message


def test_each_of_two_that_rest_is_told() -> None:
    found = problems_of(FLOW, takes=())

    told = sorted((problem.rule, problem.message.rsplit(" ", 1)[-1]) for problem in found)
    assert [secret for rule, secret in told if rule == "P111"] == ["`newPasscode`", "`passcode`"]


def test_one_that_nobody_carried_cannot_be_taken() -> None:
    (problem,) = problems_of(FLOW, takes=("passcode", "newPasscode", "pin"))

    assert problem.rule == "P106"
    assert "`passcode` and `newPasscode` and `pin`" in problem.remedy


def test_an_attempt_to_sign_in_renews_nothing() -> None:
    found = problems_of(FLOW.replace("Start Passcode Renewal", "Start Passcode Authentication")
                        .replace("passcodePolicy", "passcodeKey"))  # fmt: skip

    assert "P105" in rules(found)


def test_a_registration_needs_a_user_on_every_path() -> None:
    loaded = USER + REGISTER
    renewed = FLOW.replace("    next: end\n", "    next: begin\n") + REGISTER

    assert problems_of(loaded.replace("  find:", "  first:")) == ()
    assert rules(problems_of(REGISTER.replace("  begin:", "  first:"))) == ["P105"]
    (problem,) = problems_of(renewed)
    assert problem.rule == "P106"
    assert "ClaimedUser" in problem.message
