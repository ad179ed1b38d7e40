"""Registration and renewal, one activity at a time: which event each verdict is."""

from __future__ import annotations

from typing import Literal

import pytest
from msgspec.structs import replace

import activities
from engine.activity import (
    ActivityFault,
    Call,
    Ended,
    FormPanel,
    JsonValue,
    KeySlot,
    Limits,
    Message,
    Shown,
    done,
)
from engine.secret import Secret, SecretRef
from tests.activities.calls import ANA, GivenVerdicts, a_call, run

BY_LABEL = {one.signature.label: one for one in activities.ALL}
START = BY_LABEL["Start Passcode Registration"]
COMPLETE = BY_LABEL["Complete Passcode Registration"]
END = BY_LABEL["End Passcode Renewal"]
FORM: dict[str, JsonValue] = {"dataFormName": "form"}
PLACE: dict[str, JsonValue] = {"storeName": "customers", "passcodePolicy": "default"}
ANA_HERE = {"userKey": KeySlot(type="User", state="loaded", value={**ANA, "extId": "a"})}
SAVED = Message(id="passcode.saved")
TOLD = Message(id="passcode.short", values={"min": "15"})
Verdict = Literal["kept", "failed", "registered", "policy", "common", "used"]


def answered(key: str, verdict: Verdict, visit: int = 1) -> Call:
    refs = {name: SecretRef(name=name) for name in ("passcode", "newPasscode")}
    slot = KeySlot(type="any", state="answered", value={"user": "ana"}, secrets=refs)
    capabilities = {"Passcodes": GivenVerdicts(verdict=verdict, told=TOLD)}
    activity = COMPLETE if key == "passcodeRegistrationKey" else END
    call = a_call(activity, visit=visit, slots={key: slot}, capabilities=capabilities)
    return replace(call, bag={ref: Secret("maple") for ref in refs.values()})


@pytest.mark.parametrize(
    ("verdict", "visit", "ended"),
    [
        ("kept", 1, Ended(result="PASS", told=SAVED)),
        ("kept", 5, Ended(result="PASS", told=SAVED)),
        ("registered", 5, Ended(error="PasscodeAlreadyRegistered")),
        ("policy", 4, Ended(error="PasscodeRefusedByPolicy", told=TOLD)),
        ("common", 1, Ended(error="PasscodeTooCommon", told=TOLD)),
        ("common", 5, Ended(error="ExceededPasscodeRegistration", result="FAIL")),
    ],
)
def test_each_verdict_of_a_registration_is_an_event_of_its_own(
    verdict: Verdict, visit: int, ended: Ended
) -> None:
    assert run(COMPLETE, answered("passcodeRegistrationKey", verdict, visit)) == ended


@pytest.mark.parametrize(
    ("verdict", "visit", "ended"),
    [
        ("kept", 5, Ended(result="PASS", told=SAVED)),
        ("failed", 1, Ended(error="FailedPasscodeRenewal", result="FAIL")),
        ("policy", 1, Ended(error="PasscodeRefusedByPolicy", told=TOLD)),
        ("common", 1, Ended(error="PasscodeTooCommon", told=TOLD)),
        ("used", 4, Ended(error="PasscodeUsedBefore", told=TOLD)),
        ("used", 5, Ended(error="ExceededPasscodeRenewal", result="FAIL")),
        ("failed", 5, Ended(error="ExceededPasscodeRenewal", result="FAIL")),
    ],
)
def test_each_verdict_of_a_renewal_is_an_event_of_its_own(
    verdict: Verdict, visit: int, ended: Ended
) -> None:
    assert run(END, answered("passcodeRenewalKey", verdict, visit)) == ended


@pytest.mark.parametrize("inputs", [{}, {"userId": "ana"}, {"userExternalId": "a"}])
def test_a_registration_is_for_the_user_in_the_slot(inputs: dict[str, JsonValue]) -> None:
    passcodes = GivenVerdicts()
    call = a_call(START, {**PLACE, **inputs}, slots=ANA_HERE, capabilities={"Passcodes": passcodes})

    assert run(START, call) == done(keys={"passcodeRegistrationKey": {"user": "ana"}})
    assert passcodes.begun == [("customers", "default", "ana", None)]


@pytest.mark.parametrize("inputs", [{"userId": "bob"}, {"userExternalId": "b"}])
def test_a_registration_for_two_users_at_once_is_a_fault(inputs: dict[str, JsonValue]) -> None:
    passcodes = GivenVerdicts()
    call = a_call(START, {**PLACE, **inputs}, slots=ANA_HERE, capabilities={"Passcodes": passcodes})

    with pytest.raises(ActivityFault):
        run(START, call)

    assert passcodes.begun == []


def test_a_user_with_a_passcode_is_an_event_and_touches_no_check() -> None:
    passcodes = GivenVerdicts(right=False)
    call = a_call(START, PLACE, slots=ANA_HERE, capabilities={"Passcodes": passcodes})

    assert run(START, call) == Ended(error="PasscodeAlreadyRegistered")


@pytest.mark.parametrize(
    ("label", "key", "limits"),
    [
        (
            "Passcode Registration Form",
            "passcodeRegistrationKey",
            {"newPasscode": Limits(min_length=15, max_length=64)},
        ),
        (
            "Passcode Renewal Form",
            "passcodeRenewalKey",
            {
                "passcode": Limits(max_length=64),
                "newPasscode": Limits(min_length=15, max_length=64),
            },
        ),
    ],
)
def test_a_form_knows_the_rules_of_a_new_one_and_has_it_typed_twice(
    label: str, key: str, limits: dict[str, Limits]
) -> None:
    form = BY_LABEL[label]
    slot = KeySlot(type="any", state="started", value={"user": "ana"})
    call = a_call(form, FORM, slots={key: slot}, capabilities={"Passcodes": GivenVerdicts()})

    shown = run(form, call)

    assert isinstance(shown, Shown)
    (panel,) = shown.screen.panels
    assert isinstance(panel, FormPanel)
    assert panel.limits == limits
    assert panel.same == {"confirmPasscode": "newPasscode"}
