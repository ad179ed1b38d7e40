"""The three inputs by which a step names its screen (trustx-orchestration 3.6)."""

from engine.activity import STRING, Call, Input, ListOf, Panel, Screen, Shown


def screen_inputs(component: str, *screens: str) -> tuple[Input, ...]:
    """Declare `stepId`, `screenId` and `screens`; each names `component` by default.

    `screens`: the screens of the step, where it has others.
    """
    return (
        Input(name="stepId", type=STRING, default=component),
        Input(name="screenId", type=STRING, default=component),
        Input(name="screens", type=ListOf(STRING), default=list(screens or (component,))),
    )


def show(call: Call, *panels: Panel) -> Shown:
    """Show these panels, in this order, on the screen that the inputs name."""
    return Shown(
        screen=Screen(
            step_id=call.text("stepId"),
            screen_id=call.text("screenId"),
            screens=call.texts("screens"),
            panels=panels,
        ),
    )
