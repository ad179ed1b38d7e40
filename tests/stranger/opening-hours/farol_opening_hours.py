"""Is the counter open? One activity, written with nothing but the door."""

from engine.activity import (
    BOOLEAN,
    INTEGER,
    Call,
    Ended,
    ErrorEvent,
    Input,
    Output,
    activity,
    done,
    raised,
)

SATURDAY = 5


@activity(
    "Opening Hours",
    version=1,
    kind="pure",
    inputs=[
        Input(name="opensAt", type=INTEGER, default=9, at_least=0, at_most=23),
        Input(name="closesAt", type=INTEGER, default=17, at_least=1, at_most=24),
    ],
    outputs=[Output(name="open", variable="_open", type=BOOLEAN)],
    errors=[ErrorEvent(code="ClosedToday", demanded=True, fails=False)],
)
def opening_hours(call: Call) -> Ended:
    """Tell whether the counter is open at this hour (UTC); it is closed at weekends."""
    if call.at.weekday() >= SATURDAY:
        return raised("ClosedToday")
    return done(
        outputs={"open": call.integer("opensAt") <= call.at.hour < call.integer("closesAt")}
    )


ALL = (opening_hours,)
