"""A user approves on a phone what a journey asks."""

from datetime import datetime, timedelta
from typing import Final

from activities.devices.shared import (
    APPLICATION,
    FAIL_ON_REJECTION,
    PROVIDER,
    USER_KEY,
    endings,
    length,
    settled,
    shown,
)
from activities.screens import screen_inputs
from activities.users import WHICH_USER, loaded_user
from engine.activity import (
    STRING,
    Call,
    CheckUse,
    Devices,
    Ended,
    Expired,
    Input,
    JsonObject,
    KeyUse,
    LivePanel,
    MapOf,
    Outcome,
    Question,
    Woken,
    activity,
    done,
    raised,
)

TRANSACTION: Final = "rtasTransactionKey"
OF_TRANSACTION: Final = "RtasTransaction"
TRANSACTION_CHECK: Final = CheckUse(name="transaction", key=TRANSACTION)
NO_DEVICE: Final = "NoDevice"
DECLINED: Final = "TransactionDeclined"
TIMED_OUT: Final = "TransactionExpired"


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
        length("PT2M"),
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
    errors=endings({NO_DEVICE: ("approval.nodevice.title", "approval.nodevice.lede")}),
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
    words: JsonObject = {
        "action": question.action,
        "message": question.message,
        "parameters": dict(question.parameters),
    }
    return done(keys={TRANSACTION: {**asked, **words}})


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
    errors=endings(
        {
            DECLINED: ("approval.declined.title", "approval.declined.lede"),
            TIMED_OUT: ("approval.expired.title", "approval.expired.lede"),
        }
    ),
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
        said = slot.get("parameters")
        panel = LivePanel(
            flow="transaction",
            subject=str(slot["id"]),
            user=str(slot["user"]),
            ends_at=ends_at,
            action=str(slot["action"]),
            message=str(slot["message"]),
            parameters={n: str(t) for n, t in said.items()} if isinstance(said, dict) else {},
        )
        return shown(call, panel, expires=ends_at, key=str(slot["signal"]))

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
    inputs=[FAIL_ON_REJECTION],
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
    return settled(call, is_good=is_good)
