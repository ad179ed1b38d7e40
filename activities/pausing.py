"""A journey is paused, and gone on with by a link that whoever notifies the person sends."""

from typing import Final

from engine.activity import (
    LINK,
    ActivityFault,
    Call,
    Ended,
    KeyUse,
    Outcome,
    Output,
    Returned,
    Screen,
    Shown,
    Woken,
    activity,
    done,
)

PAUSE: Final = "pauseKey"
SCREEN: Final = "waiting-for-resume"


@activity(
    "Pause Instance",
    version=1,
    kind="pure",
    keys=[KeyUse(input=PAUSE, type="Pause", default="pause1", after="paused")],
    outputs=[Output(name="resumeUrl", variable="_resumeUrl", type=LINK, link=True)],
)
def pause_instance(call: Call) -> Ended:
    """Make the link by which the person comes back; it works while the instance waits for them."""
    return done(
        outputs={"resumeUrl": {"resume": call.effect_key}}, keys={PAUSE: {"key": call.effect_key}}
    )


@activity(
    "Waiting for Resume",
    version=1,
    kind="interactive",
    awaits="resume",
    keys=[
        KeyUse(
            input=PAUSE,
            type="Pause",
            default="pause1",
            reads=frozenset({"Pause"}),
            before=frozenset({"paused"}),
            after="resumed",
            on_timeout="over",
        )
    ],
)
class WaitingForResume:
    """Wait until the person comes back by the link of the pause."""

    @staticmethod
    def enter(call: Call) -> Outcome:
        """Tell the person that the journey goes on later."""
        screen = Screen(step_id=SCREEN, screen_id=SCREEN, screens=(SCREEN,))
        return Shown(screen=screen, wait_key=str(call.slot(PAUSE).value["key"]))

    @staticmethod
    def resume(call: Call, woken: Woken) -> Outcome:
        """Go on."""
        if not isinstance(woken, Returned):
            raise ActivityFault(node=call.node, reason="only the resume link wakes it")
        return done()
