"""What the standard activities declare is what the references say (trustx-identity 5.7 to 7.3)."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

import activities
from engine.activity import Activity
from engine.model.signature import Signature

BY_LABEL = {activity.signature.label: activity for activity in activities.ALL}
UI = {"stepId", "screenId", "screens"}
REQUIRED = "required"


def inputs(signature: Signature) -> dict[str, object]:
    """Give every input and key input with its default, REQUIRED where it must be given."""
    plain = {one.name: REQUIRED if one.required else one.default for one in signature.inputs}
    return {**plain, **{key.input: key.default for key in signature.keys}}


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Start", {}),
        ("End", {"stepId": "thank-you", "screenId": "thank-you", "screens": ["thank-you"]}),
        (
            "Start Passcode Authentication",
            {
                "passcodeAuthenticationKey": "passcodeAuth1", "passcodeKey": REQUIRED,
                "storeName": REQUIRED, "userExternalId": None, "userId": None, "userKey": "user1",
            },
        ),
        (
            "Passcode Authentication Form",
            {
                "dataFormName": REQUIRED, "dataFormVersion": 1, "formDataKey": "passcodeAuthForm1",
                "passcodeAuthenticationKey": "passcodeAuth1", "stepId": "passcode-authentication",
                "screenId": "passcode-authentication", "screens": ["passcode-authentication"],
            },
        ),
        (
            "Complete Passcode Authentication",
            {"passcodeAuthenticationKey": "passcodeAuth1", "maxAttempts": 3},
        ),
        ("Simple Decider", {"decisionOnAnyFailure": "FAIL", "decisionVariable": None}),
        (
            "Custom Data Form",
            {
                "dataFormName": REQUIRED, "dataFormVersion": 1, "formDataKey": "form1",
                "dynamicDataFormName": None, "hideButtons": False, "maxAttempts": 3,
                "screens": ["custom-data-form"], "readOnlyForm": False,
                "stepId": "custom-data-form", "screenId": "custom-data-form",
            },
        ),
        (
            "Start Passcode Registration",
            {
                "passcodeRegistrationKey": "passcodeReg1", "passcodePolicy": REQUIRED,
                "storeName": REQUIRED, "userExternalId": None, "userId": None, "userKey": "user1",
            },
        ),
        (
            "Passcode Registration Form",
            {
                "dataFormName": REQUIRED, "dataFormVersion": 1, "formDataKey": "passcodeRegForm1",
                "passcodeRegistrationKey": "passcodeReg1", "stepId": "passcode-registration",
                "screenId": "passcode-registration", "screens": ["passcode-registration"],
            },
        ),
        (
            "Complete Passcode Registration",
            {"passcodeRegistrationKey": "passcodeReg1", "maxAttempts": 5},
        ),
        (
            "Start Passcode Renewal",
            {
                "passcodeRenewalKey": "passcodeRenewal1", "passcodePolicy": REQUIRED,
                "storeName": REQUIRED, "userExternalId": None, "userId": None, "userKey": "user1",
            },
        ),
        (
            "Passcode Renewal Form",
            {
                "dataFormName": REQUIRED, "dataFormVersion": 1,
                "formDataKey": "passcodeRenewalForm1", "passcodeRenewalKey": "passcodeRenewal1",
                "stepId": "passcode-renewal", "screenId": "passcode-renewal",
                "screens": ["passcode-renewal"],
            },
        ),
        ("End Passcode Renewal", {"passcodeRenewalKey": "passcodeRenewal1", "maxAttempts": 5}),
        (
            "Get User",
            {"storeName": REQUIRED, "userExternalId": None, "userId": None, "userKey": "user1"},
        ),
    ],
)  # fmt: skip
def test_inputs_and_defaults_are_those_of_the_references(
    label: str, expected: dict[str, object]
) -> None:
    assert inputs(BY_LABEL[label].signature) == expected


def test_no_two_activities_share_a_label_or_an_alias() -> None:
    labels = [
        (name, activity.signature.version)
        for activity in activities.ALL
        for name in (activity.signature.label, *activity.signature.aliases)
    ]

    assert len(set(labels)) == len(labels)
    assert ("Custom Data Form v2", 1) in labels
    assert ("Custom Data Form v3", 1) in labels


def test_the_entry_point_names_the_list() -> None:
    (found,) = (one for one in entry_points(group="engine.activities") if one.name == "standard")

    assert found.load() is activities.ALL


def test_error_events_are_those_of_the_references() -> None:
    codes = {
        activity.signature.label: {error.code for error in activity.signature.errors}
        for activity in activities.ALL
        if activity.signature.errors
    }

    assert codes == {
        "Complete Passcode Authentication": {
            "FailedPasscodeAuthentication", "ExceededFailedPasscodeAuthentication",
        },
        "Complete Passcode Recovery": {
            "PasscodeRefusedByPolicy", "PasscodeTooCommon", "PasscodeUsedBefore",
            "ExceededPasscodeRecovery",
        },
        "Start Passcode Registration": {"PasscodeAlreadyRegistered"},
        "Complete Passcode Registration": {
            "PasscodeAlreadyRegistered", "PasscodeRefusedByPolicy", "PasscodeTooCommon",
            "ExceededPasscodeRegistration",
        },
        "End Passcode Renewal": {
            "FailedPasscodeRenewal", "PasscodeRefusedByPolicy", "PasscodeTooCommon",
            "PasscodeUsedBefore", "ExceededPasscodeRenewal",
        },
        "Custom Data Form": {"ExceededCustomDataFormRetake"},
        "Send Webhook": {"WebhookNotDelivered"},
        "RTAS Registration Page": {
            "RegistrationExpired", "RegistrationRejected", "RegistrationScannedTwice",
            "WrongDevice",
        },
        "Start RTAS Transaction": {"NoDevice"},
        "RTAS Transaction Page": {"TransactionDeclined", "TransactionExpired"},
        "Add User": {"ExtIdNotUnique", "FailedAddUser"},
        "Get User": {"UserNotFound"},
        "Lock User": {"UserNotFound"},
        "Redirect User": {"RedirectNotAllowed"},
        "Update User": {"UserNotFound", "FailedUpdateUser"},
    }  # fmt: skip


def test_the_passcode_check_is_opened_and_settled_per_attempt() -> None:
    opened = BY_LABEL["Start Passcode Authentication"].signature.opens
    settled = BY_LABEL["Complete Passcode Authentication"].signature.settles

    assert opened is not None
    assert opened == settled == BY_LABEL["Sign-in Form"].signature.opens
    assert (opened.name, opened.key) == ("passcode-authentication", "passcodeAuthenticationKey")


def test_the_passcode_is_carried_from_the_form_to_completion_alone() -> None:
    carries = [
        (activity.signature.label, key.input, key.carries, key.takes)
        for activity in activities.ALL
        for key in activity.signature.keys
        if key.carries or key.takes
    ]

    assert carries == [
        ("Passcode Authentication Form", "passcodeAuthenticationKey", ("passcode",), ()),
        ("Sign-in Form", "passcodeAuthenticationKey", ("passcode",), ()),
        ("Complete Passcode Authentication", "passcodeAuthenticationKey", (), ("passcode",)),
        ("Passcode Registration Form", "passcodeRegistrationKey", ("newPasscode",), ()),
        ("Complete Passcode Registration", "passcodeRegistrationKey", (), ("newPasscode",)),
        ("Passcode Renewal Form", "passcodeRenewalKey", ("passcode", "newPasscode"), ()),
        ("End Passcode Renewal", "passcodeRenewalKey", (), ("passcode", "newPasscode")),
        ("Passcode Recovery Form", "passcodeRecoveryKey", ("newPasscode",), ()),
        ("Complete Passcode Recovery", "passcodeRecoveryKey", (), ("newPasscode",)),
    ]


def test_only_a_refusal_that_asks_again_leads_back_to_the_form() -> None:
    for label in ("Complete Passcode Registration", "End Passcode Renewal"):
        signature = BY_LABEL[label].signature
        (key,) = signature.keys
        ends = {"PasscodeAlreadyRegistered", signature.bounded_by and signature.bounded_by.code}

        assert set(key.on) == {error.code for error in signature.errors} - ends
        assert set(key.on.values()) == {"started"}
        assert all(error.words for error in signature.errors if error.code in key.on)


def test_a_first_passcode_needs_a_user_and_a_claim_is_none() -> None:
    user = BY_LABEL["Start Passcode Registration"].signature.keys[1]

    assert (user.input, set(user.reads), user.after) == ("userKey", {"User"}, None)


def test_the_attempt_goes_from_state_to_state() -> None:
    start, form, complete = (
        next(key for key in BY_LABEL[label].signature.keys if key.type == "PasscodeAttempt")
        for label in (
            "Start Passcode Authentication", "Passcode Authentication Form",
            "Complete Passcode Authentication",
        )
    )  # fmt: skip

    assert (set(start.reads), set(start.before), start.after) == (set(), set(), "started")
    assert (set(form.before), form.after, form.on_timeout) == ({"started"}, "answered", "started")
    assert (set(complete.before), complete.after) == ({"answered"}, "settled")
    assert complete.on == {"FailedPasscodeAuthentication": "started"}
    assert start.links == ("userKey",)


def test_nothing_of_a_claimed_user_can_be_read_and_of_a_proven_one_what_get_user_gives() -> None:
    claimed = next(
        key
        for key in BY_LABEL["Start Passcode Authentication"].signature.keys
        if key.type == "ClaimedUser"
    )
    promoted = BY_LABEL["Complete Passcode Authentication"].signature.promotes
    (loaded,) = BY_LABEL["Get User"].signature.keys

    assert claimed.members == {}
    assert promoted is not None
    assert (promoted.through, promoted.link) == ("passcodeAuthenticationKey", "userKey")
    assert promoted.type == loaded.type == "User"
    assert dict(promoted.members) == dict(loaded.members)


@pytest.mark.parametrize("activity", activities.ALL, ids=lambda one: one.signature.label)
def test_every_activity_says_in_one_line_what_it_does(activity: Activity) -> None:
    summary = activity.signature.summary

    assert summary.endswith(".")
    assert len(summary) <= 100


@pytest.mark.parametrize("activity", activities.ALL, ids=lambda one: one.signature.label)
def test_whatever_shows_something_names_its_screen(activity: Activity) -> None:
    signature = activity.signature
    names = {one.name for one in signature.inputs}

    assert (names >= UI) == (
        signature.asks or signature.kind == "end" or signature.label == "Review Required"
    )
