"""Where a process starts, where it ends, and where it leads the person."""

from activities.screens import screen_inputs
from engine.activity import (
    STRING,
    Call,
    Ended,
    ErrorEvent,
    Input,
    Output,
    Redirects,
    activity,
    done,
    raised,
)


@activity("Start", version=1, kind="start")
def start(call: Call) -> Ended:
    """Begin the process with the parameters of its token."""
    return done()


@activity("End", version=1, kind="end", inputs=screen_inputs("thank-you"))
def end(call: Call) -> Ended:
    """End the process; how it went decides what the last screen says."""
    return done()


@activity(
    "Redirect User",
    version=1,
    kind="local",
    inputs=[Input(name="redirectUrl", type=STRING, required=True)],
    outputs=[Output(name="redirectUrl", variable="_redirectedTo", type=STRING, always=False)],
    errors=[ErrorEvent(code="RedirectNotAllowed", fails=False)],
    redirects="redirectUrl",
    aliases=["Redirect User V2"],
    uses=[Redirects],
)
def redirect_user(call: Call) -> Ended:
    """Let the next page that asks nothing lead the person to an address of the operator's list."""
    url = call.text("redirectUrl")
    if not call.use(Redirects).is_allowed(url):
        return raised("RedirectNotAllowed")
    return done(outputs={"redirectUrl": url})
