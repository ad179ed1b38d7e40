"""Devices: a user registers a phone, and approves on it what a journey asks.

A claim is not enough: the User must have been loaded, added or proven on every path before, so that
an author has decided whose phone it is. What a page shows is derived each time; a slot holds an id.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from activities.screens import screen_inputs, show
from activities.users import WHICH_USER, loaded_user
from engine.activity import (
    BOOLEAN,
    STRING,
    Answered,
    Call,
    CheckUse,
    DevicePanel,
    Devices,
    Ended,
    ErrorEvent,
    Expired,
    Input,
    JsonObject,
    KeyUse,
    LivePanel,
    MapOf,
    Member,
    Outcome,
    Panel,
    Question,
    Registration,
    Shown,
    Woken,
    activity,
    done,
    passed,
    raised,
)

REGISTRATION: Final = "rtasRegistrationKey"
TRANSACTION: Final = "rtasTransactionKey"
OF_REGISTRATION: Final = "RtasRegistration"
OF_TRANSACTION: Final = "RtasTransaction"
REGISTRATION_CHECK: Final = CheckUse(name="device-registration", key=REGISTRATION)
TRANSACTION_CHECK: Final = CheckUse(name="transaction", key=TRANSACTION)
REMOVABLE: Final = timedelta(minutes=2)
"""How long a phone that was just added can be said to be somebody else's."""
USER_KEY: Final = KeyUse(input="userKey", type="User", default="user1", reads=frozenset({"User"}))
PROVIDER: Final = Input(
    name="provider", type=STRING, default="embedded", literal=True, refers="provider"
)
APPLICATION: Final = Input(name="applicationName", type=STRING, required=True)

NO_DEVICE: Final = "NoDevice"
REGISTRATION_ENDS: Final[Mapping[str, tuple[str, str]]] = {
    "rejected": ("RegistrationRejected", "phone.rejected.lede"),
    "twice": ("RegistrationScannedTwice", "phone.twice"),
    "over": ("RegistrationExpired", "phone.expired.lede"),
}
"""State -> the error event that it is, and what stands above a form that it leads to."""
WRONG_DEVICE: Final = "WrongDevice"
DECLINED: Final = "TransactionDeclined"
TIMED_OUT: Final = "TransactionExpired"


def _length(default: str) -> Input:
    return Input(name="expiresAfter", type=STRING, default=default, literal=True, refers="duration")


def _ending(codes: Mapping[str, str]) -> list[ErrorEvent]:
    # The check stays open: `Complete` settles it, or another try does.
    return [
        ErrorEvent(code=code, demanded=True, fails=False, words=words)
        for code, words in codes.items()
    ]


@activity(
    "Start RTAS Registration",
    version=1,
    kind="local",
    inputs=[
        *WHICH_USER,
        Input(name="userDisplayName", type=STRING, required=True),
        APPLICATION,
        _length("PT15M"),
        PROVIDER,
    ],
    keys=[
        KeyUse(
            input=REGISTRATION,
            type=OF_REGISTRATION,
            default="rtasReg1",
            after="started",
            links=("userKey",),
        ),
        USER_KEY,
    ],
    opens=REGISTRATION_CHECK,
    uses=[Devices],
)
async def start_rtas_registration(call: Call) -> Ended:
    """Begin to register a phone of a User; an earlier registration under this key is closed."""
    devices, earlier = call.use(Devices), call.slots.get(REGISTRATION)
    if earlier is not None:
        await devices.drop(earlier.value)
    begun = await devices.register(
        user=loaded_user(call),
        user_name=call.text("userDisplayName"),
        application=call.text("applicationName"),
        life=call.length("expiresAfter") or timedelta(),
        provider=call.text("provider"),
    )
    return done(keys={REGISTRATION: begun})


@activity(
    "RTAS Registration Page",
    version=1,
    kind="interactive",
    awaits="signal",
    inputs=screen_inputs("rtas-registration"),
    keys=[
        KeyUse(
            input=REGISTRATION,
            type=OF_REGISTRATION,
            default="rtasReg1",
            reads=frozenset({OF_REGISTRATION}),
            before=frozenset({"started"}),
            after="confirmed",
            on={
                WRONG_DEVICE: "ended",
                **{code: "ended" for code, _ in REGISTRATION_ENDS.values()},
            },
            on_timeout="ended",
        )
    ],
    errors=_ending(dict(REGISTRATION_ENDS.values()) | {WRONG_DEVICE: "phone.removed.lede"}),
    uses=[Devices],
)
class RtasRegistrationPage:
    """Show the square code, go on once a phone has confirmed, and ask whether it is the right one.

    Whoever looks on has two minutes, then their page answers for them; where nobody looks nothing
    is added.
    """

    @staticmethod
    async def enter(call: Call) -> Outcome:
        """Show the code; what was confirmed already needs none."""
        slot = call.slot(REGISTRATION).value
        found = await call.use(Devices).registration(slot)
        if found.status != "open":
            return _registered(call, found)
        ends_at = datetime.fromisoformat(str(slot["endsAt"]))
        id, user = str(slot["id"]), str(slot["user"])
        panel = LivePanel(flow="registration", subject=id, user=user, ends_at=ends_at)
        return _shown(call, panel, expires=ends_at, key=f"registration.{id}")

    @staticmethod
    async def resume(call: Call, woken: Woken) -> Outcome:
        """Look at what has become of it; or take the person's word on the phone."""
        slot, devices = call.slot(REGISTRATION).value, call.use(Devices)
        if isinstance(woken, Answered):
            if woken.submission.values.get("device") == "mine":
                return done()
            await devices.drop(slot)
            return raised(WRONG_DEVICE)
        found = await devices.registration(slot)
        if found.status == "open":
            if not isinstance(woken, Expired):
                return await RtasRegistrationPage.enter(call)
            await devices.drop(slot)
            found = Registration(status="over")
        return _registered(call, found)


def _registered(call: Call, found: Registration) -> Outcome:
    """End the page, or ask about the phone that has confirmed: nothing is added unasked."""
    if found.status != "confirmed":
        return raised(REGISTRATION_ENDS[found.status][0])
    return _shown(call, DevicePanel(device=found.device, ends_at=call.at + REMOVABLE))


def _shown(
    call: Call, panel: Panel, *, expires: datetime | None = None, key: str | None = None
) -> Shown:
    """Show a panel that waits for a signal, named by `key`; without one the person answers."""
    screen = show(call, panel).screen
    return Shown(screen=screen, expires=expires, wait_key=key, asks=key is None)


def _completed(call: Call, *, is_good: bool) -> Ended:
    """Settle the check; what was not confirmed fails it, or leaves it open where that is wanted."""
    if is_good:
        return passed()
    return Ended(result="FAIL" if call.flag("failCheckOnRejection") else None)


@activity(
    "Complete RTAS Registration",
    version=1,
    kind="local",
    inputs=[Input(name="failCheckOnRejection", type=BOOLEAN, default=True, literal=True)],
    keys=[
        KeyUse(
            input=REGISTRATION,
            type=OF_REGISTRATION,
            default="rtasReg1",
            reads=frozenset({OF_REGISTRATION}),
            before=frozenset({"confirmed", "ended"}),
            after="settled",
            members={"device": Member(type=STRING, optional=True)},
        )
    ],
    settles=REGISTRATION_CHECK,
    uses=[Devices],
)
async def complete_rtas_registration(call: Call) -> Ended:
    """Add the phone to the user's devices, if one has confirmed, and settle the check."""
    slot, devices = call.slot(REGISTRATION), call.use(Devices)
    device = await devices.keep(slot.value) if slot.state == "confirmed" else None
    if device is None:
        await devices.drop(slot.value)
        return _completed(call, is_good=False)
    return passed(keys={REGISTRATION: {**slot.value, "device": device}})


@activity(
    "Start RTAS Transaction",
    version=1,
    kind="local",
    inputs=[
        *WHICH_USER,
        APPLICATION,
        Input(name="action", type=STRING, required=True),
        Input(name="message", type=STRING, required=True),
        Input(name="parameters", type=MapOf(STRING)),
        _length("PT2M"),
        PROVIDER,
    ],
    keys=[
        KeyUse(
            input=TRANSACTION,
            type=OF_TRANSACTION,
            default="rtasTx1",
            after="started",
            on={NO_DEVICE: ""},
            links=("userKey",),
        ),
        USER_KEY,
    ],
    errors=[ErrorEvent(code=NO_DEVICE, demanded=True, fails=False)],
    opens=TRANSACTION_CHECK,
    uses=[Devices],
)
async def start_rtas_transaction(call: Call) -> Ended:
    """Ask a User's phones to accept or decline; an earlier question under this key is withdrawn."""
    devices, earlier = call.use(Devices), call.slots.get(TRANSACTION)
    if earlier is not None:
        await devices.withdraw(earlier.value)
    question = Question(
        user=loaded_user(call),
        application=call.text("applicationName"),
        action=call.text("action"),
        message=call.text("message"),
        parameters=_parameters(call),
        life=call.length("expiresAfter") or timedelta(),
        provider=call.text("provider"),
    )
    asked = await devices.ask(question)
    if asked is None:
        return raised(NO_DEVICE)
    shown: JsonObject = {
        "action": question.action,
        "message": question.message,
        "parameters": dict(question.parameters),
    }
    return done(keys={TRANSACTION: {**asked, **shown}})


def _parameters(call: Call) -> dict[str, str]:
    given = call.inputs.get("parameters")
    return {n: str(text) for n, text in given.items()} if isinstance(given, dict) else {}


@activity(
    "RTAS Transaction Page",
    version=1,
    kind="interactive",
    awaits="signal",
    inputs=screen_inputs("rtas-transaction"),
    keys=[
        KeyUse(
            input=TRANSACTION,
            type=OF_TRANSACTION,
            default="rtasTx1",
            reads=frozenset({OF_TRANSACTION}),
            before=frozenset({"started"}),
            after="accepted",
            on={DECLINED: "ended", TIMED_OUT: "ended"},
            on_timeout="ended",
        )
    ],
    errors=_ending({DECLINED: "approval.declined.lede", TIMED_OUT: "approval.expired.lede"}),
    uses=[Devices],
)
class RtasTransactionPage:
    """Show what a phone is asked, and go on once it was answered there."""

    @staticmethod
    async def enter(call: Call) -> Outcome:
        """Show it; what was answered already needs no page."""
        slot = call.slot(TRANSACTION).value
        answer = await call.use(Devices).answer(slot)
        if answer != "open":
            return _answered(answer)
        ends_at = datetime.fromisoformat(str(slot["endsAt"]))
        shown = slot.get("parameters")
        panel = LivePanel(
            flow="transaction",
            subject=str(slot["id"]),
            user=str(slot["user"]),
            ends_at=ends_at,
            action=str(slot["action"]),
            message=str(slot["message"]),
            parameters={n: str(t) for n, t in shown.items()} if isinstance(shown, dict) else {},
        )
        return _shown(call, panel, expires=ends_at, key=f"transaction.{slot['id']}")

    @staticmethod
    async def resume(call: Call, woken: Woken) -> Outcome:
        """Look at what was answered."""
        slot, devices = call.slot(TRANSACTION).value, call.use(Devices)
        answer = await devices.answer(slot)
        if answer != "open":
            return _answered(answer)
        if not isinstance(woken, Expired):
            return await RtasTransactionPage.enter(call)
        await devices.withdraw(slot)
        return raised(TIMED_OUT)


def _answered(answer: str) -> Ended:
    if answer == "accepted":
        return done()
    return raised(DECLINED if answer == "declined" else TIMED_OUT)


@activity(
    "Complete RTAS Transaction",
    version=1,
    kind="local",
    inputs=[Input(name="failCheckOnRejection", type=BOOLEAN, default=True, literal=True)],
    keys=[
        KeyUse(
            input=TRANSACTION,
            type=OF_TRANSACTION,
            default="rtasTx1",
            reads=frozenset({OF_TRANSACTION}),
            before=frozenset({"accepted", "ended"}),
            after="settled",
        )
    ],
    settles=TRANSACTION_CHECK,
    uses=[Devices],
)
async def complete_rtas_transaction(call: Call) -> Ended:
    """Settle the check by what the phone has answered; what is still asked is withdrawn."""
    slot, devices = call.slot(TRANSACTION), call.use(Devices)
    answer = await devices.answer(slot.value)
    if answer == "open":
        await devices.withdraw(slot.value)
    is_good = slot.state == "accepted" and answer == "accepted"
    return _completed(call, is_good=is_good)
