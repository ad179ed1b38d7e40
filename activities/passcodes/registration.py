"""Passcode registration: a user whom the journey has loaded chooses a first passcode.

A claim is not enough: the User must have been loaded, added or proven on every path before, so that
an author has decided who it is. A passcode that is there is never overwritten (security A6).
"""

from collections.abc import Mapping
from typing import Final

from activities.forms import FORM_INPUTS, answered, form_key, form_panel
from activities.screens import screen_inputs, show
from activities.users import STORE_INPUT, WHICH_USER, loaded_user
from engine.activity import (
    INTEGER,
    STRING,
    Bound,
    Call,
    CheckUse,
    ComponentType,
    Ended,
    ErrorEvent,
    FormUse,
    Input,
    KeyUse,
    Message,
    Outcome,
    Passcodes,
    Woken,
    activity,
    done,
    failed,
    passed,
    raised,
)

REGISTRATION: Final = "passcodeRegistrationKey"
TYPE: Final = "PasscodeRegistration"
DEFAULT: Final = "passcodeReg1"
CHECK: Final = CheckUse(name="passcode-registration", key=REGISTRATION)

POLICY_INPUT: Final = Input(
    name="passcodePolicy", type=STRING, required=True, literal=True, refers="policy"
)
TRIES_INPUT: Final = Input(name="maxAttempts", type=INTEGER, default=5, at_least=1, at_most=10_000)
"""More than for a sign-in: one that is refused tells nobody anything."""

REGISTERED: Final = "PasscodeAlreadyRegistered"
BY_POLICY: Final = "PasscodeRefusedByPolicy"
TOO_COMMON: Final = "PasscodeTooCommon"
EXCEEDED: Final = "ExceededPasscodeRegistration"
REFUSALS: Final = {"policy": BY_POLICY, "common": TOO_COMMON}

SAVED: Final = Message(id="passcode.saved")
CHOSEN: Final[Mapping[str, tuple[ComponentType, ...]]] = {
    "newPasscode": ("password",),
    "confirmPasscode": ("password",),
}
"""What a form asks of whoever chooses a passcode."""

# The check stays as it was: neither to have a passcode nor to choose badly is a failed try.
IS_REGISTERED: Final = ErrorEvent(code=REGISTERED, demanded=True, fails=False)
REFUSED: Final = (
    ErrorEvent(code=BY_POLICY, demanded=True, fails=False, words="passcode.new.missing"),
    ErrorEvent(code=TOO_COMMON, demanded=True, fails=False, words="passcode.common"),
)


@activity(
    "Start Passcode Registration",
    version=1,
    kind="local",
    inputs=[POLICY_INPUT, STORE_INPUT, *WHICH_USER],
    keys=[
        KeyUse(
            input=REGISTRATION,
            type=TYPE,
            default=DEFAULT,
            after="started",
            on={REGISTERED: ""},
            links=("userKey",),
        ),
        KeyUse(input="userKey", type="User", default="user1", reads=frozenset({"User"})),
    ],
    errors=[IS_REGISTERED],
    opens=CHECK,
    uses=[Passcodes],
)
async def start_passcode_registration(call: Call) -> Ended:
    """Begin to register a first passcode for a User that was loaded, added or proven before."""
    begun = await call.use(Passcodes).start_first(
        call.text("storeName"), call.text("passcodePolicy"), user_id=loaded_user(call)
    )
    return raised(REGISTERED) if begun is None else done(keys={REGISTRATION: begun})


async def ask_for_new(call: Call, key_input: str) -> Outcome:
    """Show the form for a new passcode with the rules of the policy that the slot is under."""
    rules = await call.use(Passcodes).rules(call.slot(key_input).value)
    same = {"confirmPasscode": "newPasscode"}
    return show(call, form_panel(call, limits={"newPasscode": rules}, same=same))


@activity(
    "Passcode Registration Form",
    version=1,
    kind="interactive",
    inputs=[*FORM_INPUTS, *screen_inputs("passcode-registration")],
    keys=[
        KeyUse(
            input=REGISTRATION,
            type=TYPE,
            default=DEFAULT,
            reads=frozenset({TYPE}),
            before=frozenset({"started"}),
            after="answered",
            on_timeout="started",
            carries=("newPasscode",),
        ),
        form_key("passcodeRegForm1"),
    ],
    form=FormUse(
        name_input="dataFormName",
        version_input="dataFormVersion",
        key_input="formDataKey",
        components=CHOSEN,
    ),
    uses=[Passcodes],
)
class PasscodeRegistrationForm:
    """Ask for a new passcode, twice; what the policy asks of it is said and judged here."""

    @staticmethod
    async def enter(call: Call) -> Outcome:
        """Show the form with the policy's rules."""
        return await ask_for_new(call, REGISTRATION)

    @staticmethod
    def resume(call: Call, woken: Woken) -> Outcome:
        """Hand on what was answered."""
        return done(submission=answered(call, woken))


@activity(
    "Complete Passcode Registration",
    version=1,
    kind="local",
    inputs=[TRIES_INPUT],
    keys=[
        KeyUse(
            input=REGISTRATION,
            type=TYPE,
            default=DEFAULT,
            reads=frozenset({TYPE}),
            before=frozenset({"answered"}),
            after="settled",
            on={BY_POLICY: "started", TOO_COMMON: "started"},
            takes=("newPasscode",),
        )
    ],
    errors=[IS_REGISTERED, *REFUSED, ErrorEvent(code=EXCEEDED, words="form.tries")],
    settles=CHECK,
    bounded_by=Bound(input="maxAttempts", code=EXCEEDED, words="passcode.left"),
    uses=[Passcodes],
)
async def complete_passcode_registration(call: Call) -> Ended:
    """Keep the new passcode unless it is refused; visit `maxAttempts` is the last."""
    secret = call.secret(REGISTRATION, "newPasscode")
    verdict = await call.use(Passcodes).register(call.slot(REGISTRATION).value, secret)
    if verdict.answer == "kept":
        return passed(told=SAVED)
    if verdict.answer == "registered":
        return raised(REGISTERED)
    if call.visit >= call.integer("maxAttempts"):
        return failed(EXCEEDED)
    return raised(REFUSALS[verdict.answer], told=verdict.told)
