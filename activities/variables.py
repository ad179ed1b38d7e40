"""Activities that only write process variables: what they name is all there is to them."""

from engine.activity import STRING, Call, Ended, Input, ListOf, activity, done


@activity(
    "Counter",
    version=1,
    kind="pure",
    inputs=[Input(name="counterName", type=STRING, required=True, literal=True, refers="counter")],
    aliases=["Counter v1"],
)
def counter(call: Call) -> Ended:
    """Count one more: the variable that the input names is made at 1, or goes up by 1."""
    return done()


@activity(
    "Clear Variables",
    version=1,
    kind="pure",
    inputs=[
        Input(name="variables", type=ListOf(STRING), required=True, literal=True, refers="cleared")
    ],
    aliases=["Clear variables"],
)
def clear_variables(call: Call) -> Ended:
    """Un-write the variables, and the answers by their form data key, that the input names."""
    return done()


@activity("Set Variables", version=1, kind="pure")
def set_variables(call: Call) -> Ended:
    """Write the variables that `outputs:` name."""
    return done()
