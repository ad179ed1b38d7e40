"""What each standard activity answers, called by itself."""

from __future__ import annotations

import pytest

import activities
from engine.activity import (
    Activity,
    ActivityFault,
    Check,
    Ended,
    Expired,
    FormPanel,
    FormRef,
    JsonValue,
    KeySlot,
    Limits,
    Screen,
    Shown,
    Submission,
    done,
)
from engine.testing import NOON
from tests.activities.calls import ANA, REF, GivenVerdicts, KnownUsers, a_call, resume, run

BY_LABEL = {activity.signature.label: activity for activity in activities.ALL}
simple_decider = BY_LABEL["Simple Decider"]
data_form = BY_LABEL["Custom Data Form"]
get_user = BY_LABEL["Get User"]
start_authentication = BY_LABEL["Start Passcode Authentication"]
passcode_form = BY_LABEL["Passcode Authentication Form"]
complete_authentication = BY_LABEL["Complete Passcode Authentication"]

USER = {"userKey": KeySlot(type="User", state="loaded", value=ANA)}
CLAIMED = {"userKey": KeySlot(type="ClaimedUser", state="claimed", value=ANA)}
ATTEMPT = {
    "passcodeAuthenticationKey": KeySlot(
        type="PasscodeAttempt", state="answered", value={"user": "ana"}, secrets={"passcode": REF}
    )
}
FORM: dict[str, JsonValue] = {"dataFormName": "address", "dataFormVersion": 2}


def checks(*states: str) -> tuple[Check, ...]:
    return tuple(
        Check(name=f"check-{number}", state=state, at=NOON)  # type: ignore[arg-type]  # the three states
        for number, state in enumerate(states)
    )


@pytest.mark.parametrize("activity", [BY_LABEL["Start"], BY_LABEL["End"]])
def test_start_and_end_are_passed_at_once(activity: Activity) -> None:
    assert run(activity, a_call(activity)) == done()


@pytest.mark.parametrize(
    ("states", "otherwise", "decision"),
    [
        (["PASS"], "FAIL", "PASS"),
        (["PASS", "PASS"], "REVIEW", "PASS"),
        ([], "FAIL", "FAIL"),
        ([], "REVIEW", "REVIEW"),
        (["OPEN"], "FAIL", "FAIL"),
        (["PASS", "FAIL"], "REVIEW", "REVIEW"),
        (["PASS", "OPEN"], "FAIL", "FAIL"),
    ],
)
def test_the_decider_passes_only_where_every_check_of_some_did(
    states: list[str], otherwise: str, decision: str
) -> None:
    call = a_call(simple_decider, {"decisionOnAnyFailure": otherwise}, checks=checks(*states))

    assert run(simple_decider, call) == done(outputs={"decision": decision})


@pytest.mark.parametrize("derived", ["PASS", "FAIL", "REVIEW"])
def test_a_derived_decision_is_the_decision_whatever_the_checks_say(derived: str) -> None:
    call = a_call(simple_decider, {"decisionVariable": derived}, checks=checks("FAIL"))

    assert run(simple_decider, call) == done(outputs={"decision": derived})


@pytest.mark.parametrize(
    "inputs",
    [
        {"decisionVariable": "ACCEPT"},
        {"decisionVariable": ""},
        {"decisionVariable": "pass"},
        {"decisionOnAnyFailure": "PASS"},
        {"decisionOnAnyFailure": "DECLINE"},
    ],
)
def test_a_decision_that_is_none_is_a_fault_and_is_not_repeated(
    inputs: dict[str, JsonValue],
) -> None:
    with pytest.raises(ActivityFault) as caught:
        run(simple_decider, a_call(simple_decider, inputs))

    assert "DECLINE" not in str(caught.value)
    assert "ACCEPT" not in str(caught.value)


def test_a_form_is_shown_on_the_screen_its_inputs_name() -> None:
    call = a_call(data_form, {**FORM, "screenId": "where", "hideButtons": True})

    shown = run(data_form, call)

    assert shown == Shown(
        screen=Screen(
            step_id="custom-data-form",
            screen_id="where",
            screens=("custom-data-form",),
            panels=(
                FormPanel(
                    form=FormRef(name="address", version=2),
                    form_data_key="form1",
                    hide_buttons=True,
                ),
            ),
        )
    )


def test_a_read_only_form_says_so() -> None:
    shown = run(data_form, a_call(data_form, {**FORM, "readOnlyForm": True}))

    assert isinstance(shown, Shown)
    assert [panel.read_only for panel in shown.screen.panels if isinstance(panel, FormPanel)] == [
        True
    ]


def test_a_form_hands_on_what_was_answered() -> None:
    submission = Submission(values={"street": "Rua Direita"})

    ended = resume(data_form, a_call(data_form, FORM), submission)

    assert ended == done(outputs={"cdfContinue": True}, submission=submission)


def test_a_form_is_shown_as_often_as_it_may_and_then_raises() -> None:
    visits = [
        run(data_form, a_call(data_form, {**FORM, "maxAttempts": 2}, visit=visit))
        for visit in (1, 2, 3)
    ]

    assert [type(one) for one in visits] == [Shown, Shown, Ended]
    assert isinstance(visits[2], Ended)
    assert visits[2].error == "ExceededCustomDataFormRetake"
    assert visits[2].result is None


@pytest.mark.parametrize("activity", [data_form, passcode_form])
def test_a_form_is_woken_by_its_answer_alone(activity: Activity) -> None:
    assert activity.resume is not None

    with pytest.raises(ActivityFault):
        activity.resume(a_call(activity, FORM), Expired())


@pytest.mark.parametrize(
    ("inputs", "slots", "asked"),
    [
        ({"userId": "ana"}, {}, ("id", "customers", "ana")),
        ({"userExternalId": "a"}, {}, ("extId", "customers", "a")),
        ({"userId": "ana", "userExternalId": "b"}, {}, ("id", "customers", "ana")),
        ({"userId": "bob", "userExternalId": "b"}, USER, ("id", "customers", "ana")),
        ({"userExternalId": "a"}, CLAIMED, ("extId", "customers", "a")),
        ({}, CLAIMED, ("id", "customers", "ana")),
    ],
)
def test_a_loaded_user_comes_before_ids_and_ids_before_a_claim(
    inputs: dict[str, JsonValue], slots: dict[str, KeySlot], asked: tuple[str, str, str]
) -> None:
    users = KnownUsers()
    call = a_call(
        get_user,
        {"storeName": "customers", **inputs},
        slots=slots,
        capabilities={"Users": users},
    )

    ended = run(get_user, call)

    assert ended == done(keys={"userKey": ANA})
    assert users.asked == [asked]


def test_a_user_who_is_not_there_is_an_event_and_touches_no_check() -> None:
    call = a_call(
        get_user,
        {"storeName": "customers", "userId": "bob"},
        capabilities={"Users": KnownUsers()},
    )

    ended = run(get_user, call)

    assert ended == Ended(error="UserNotFound")


def test_a_user_that_nothing_names_is_a_fault() -> None:
    call = a_call(get_user, {"storeName": "customers"}, capabilities={"Users": KnownUsers()})

    with pytest.raises(ActivityFault):
        run(get_user, call)


@pytest.mark.parametrize(
    ("inputs", "slots", "begun"),
    [
        ({"userExternalId": "a"}, {}, (None, "a")),
        ({"userExternalId": "a"}, USER, ("ana", None)),
        ({}, CLAIMED, ("ana", None)),
    ],
)
def test_an_attempt_is_begun_for_whom_the_inputs_name(
    inputs: dict[str, JsonValue], slots: dict[str, KeySlot], begun: tuple[str | None, str | None]
) -> None:
    passcodes = GivenVerdicts()
    call = a_call(
        start_authentication,
        {"storeName": "customers", "passcodeKey": "default", **inputs},
        slots=slots,
        capabilities={"Passcodes": passcodes},
    )

    ended = run(start_authentication, call)

    assert ended == done(keys={"passcodeAuthenticationKey": {"user": "ana"}, "userKey": ANA})
    assert passcodes.begun == [("customers", "default", *begun)]


def test_the_passcode_form_knows_the_upper_length_alone() -> None:
    call = a_call(
        passcode_form,
        FORM,
        slots=ATTEMPT,
        capabilities={"Passcodes": GivenVerdicts()},
    )

    shown = run(passcode_form, call)

    assert isinstance(shown, Shown)
    (panel,) = shown.screen.panels
    assert isinstance(panel, FormPanel)
    assert panel.limits == {"passcode": Limits(max_length=64)}
    assert panel.form_data_key == "passcodeAuthForm1"
    assert shown.screen.step_id == "passcode-authentication"


def test_the_passcode_form_hands_on_a_reference_and_no_passcode() -> None:
    submission = Submission(secrets={"passcode": REF})

    ended = resume(passcode_form, a_call(passcode_form), submission)

    assert ended == done(submission=submission)


@pytest.mark.parametrize(
    ("right", "visit", "error", "result"),
    [
        (True, 1, None, "PASS"),
        (True, 3, None, "PASS"),
        (False, 1, "FailedPasscodeAuthentication", "FAIL"),
        (False, 2, "FailedPasscodeAuthentication", "FAIL"),
        (False, 3, "ExceededFailedPasscodeAuthentication", "FAIL"),
        (False, 4, "ExceededFailedPasscodeAuthentication", "FAIL"),
    ],
)
def test_a_verdict_settles_the_check_and_the_third_failure_is_the_last(
    right: bool,
    visit: int,
    error: str | None,
    result: str,
) -> None:
    passcodes = GivenVerdicts(right=right)
    call = a_call(
        complete_authentication,
        visit=visit,
        slots=ATTEMPT,
        capabilities={"Passcodes": passcodes},
    )

    ended = run(complete_authentication, call)

    assert isinstance(ended, Ended)
    assert (ended.error, ended.result) == (error, result)
    assert passcodes.verified == [{"user": "ana"}]


def test_without_the_secret_of_this_hop_nothing_is_verified() -> None:
    passcodes = GivenVerdicts()
    slot = KeySlot(type="PasscodeAttempt", state="answered", value={"user": "ana"})
    call = a_call(
        complete_authentication,
        slots={"passcodeAuthenticationKey": slot},
        capabilities={"Passcodes": passcodes},
    )

    with pytest.raises(ActivityFault):
        run(complete_authentication, call)

    assert passcodes.verified == []
