"""A user registers a phone: a square code, a phone that confirms it, and whose it is."""

from collections.abc import Mapping
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
    Answered,
    Call,
    CheckUse,
    DevicePanel,
    Devices,
    Ended,
    Expired,
    Input,
    KeyUse,
    LivePanel,
    Member,
    Outcome,
    Registration,
    Woken,
    activity,
    done,
    passed,
    raised,
)

REGISTRATION: Final = "rtasRegistrationKey"
OF_REGISTRATION: Final = "RtasRegistration"
REGISTRATION_CHECK: Final = CheckUse(name="device-registration", key=REGISTRATION)
REMOVABLE: Final = timedelta(minutes=2)
"""How long a phone that was just added can be said to be somebody else's."""
REGISTRATION_ENDS: Final[Mapping[str, str]] = {
    "rejected": "RegistrationRejected",
    "twice": "RegistrationScannedTwice",
    "over": "RegistrationExpired",
}
"""State -> the error event that it is."""
WRONG_DEVICE: Final = "WrongDevice"


@activity(
    "Start RTAS Registration",
    version=1,
    kind="local",
    inputs=[
        *WHICH_USER,
        Input(name="userDisplayName", type=STRING, required=True),
        APPLICATION,
        length("PT15M"),
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
                **dict.fromkeys(REGISTRATION_ENDS.values(), "ended"),
            },
            on_timeout="ended",
        )
    ],
    errors=endings(
        {
            "RegistrationRejected": ("phone.rejected.title", "phone.rejected.lede"),
            "RegistrationScannedTwice": ("phone.rejected.title", "phone.twice"),
            "RegistrationExpired": ("phone.expired.title", "phone.expired.lede"),
            WRONG_DEVICE: ("phone.removed.title", "phone.removed.lede"),
        }
    ),
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
        return shown(call, panel, expires=ends_at, key=str(slot["signal"]))

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
        return raised(REGISTRATION_ENDS[found.status])
    return shown(call, DevicePanel(device=found.device, ends_at=call.at + REMOVABLE))


@activity(
    "Complete RTAS Registration",
    version=1,
    kind="local",
    inputs=[FAIL_ON_REJECTION],
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
        return settled(call, is_good=False)
    return passed(keys={REGISTRATION: {**slot.value, "device": device}})
