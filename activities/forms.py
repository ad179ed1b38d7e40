"""Activities that ask a person for something by a custom data form."""

from collections.abc import Mapping
from typing import Final

from activities.screens import screen_inputs, show
from engine.activity import (
    BOOLEAN,
    INTEGER,
    STRING,
    ActivityFault,
    Answered,
    Bound,
    Call,
    ErrorEvent,
    FormPanel,
    FormUse,
    Input,
    KeyUse,
    Limits,
    Outcome,
    Output,
    Submission,
    Woken,
    activity,
    done,
    raised,
)

EXCEEDED: Final = "ExceededCustomDataFormRetake"

FORM_INPUTS: Final = (
    Input(name="dataFormName", type=STRING, required=True, literal=True, refers="form-name"),
    Input(
        name="dataFormVersion",
        type=INTEGER,
        default=1,
        literal=True,
        refers="form-version",
        at_least=1,
    ),
)
"""Which form is shown."""

MAX_ATTEMPTS: Final = Input(name="maxAttempts", type=INTEGER, default=3, at_least=1, at_most=10_000)
"""How often it may be tried; more would bound no loop (design 4.2)."""


def form_key(default: str) -> KeyUse:
    """Declare the slot that keeps what was answered, whatever it held before."""
    return KeyUse(input="formDataKey", type="Submission", default=default, after="answered")


def form_panel(
    call: Call,
    *,
    limits: Mapping[str, Limits] | None = None,
    same: Mapping[str, str] | None = None,
    read_only: bool = False,
    hide_buttons: bool = False,
) -> FormPanel:
    """Build the form's panel; what it shows at first is filled in for every form alike."""
    return FormPanel(
        form=call.form(),
        form_data_key=call.text("formDataKey"),
        limits=dict(limits or {}),
        same=dict(same or {}),
        read_only=read_only,
        hide_buttons=hide_buttons,
    )


def answered(call: Call, woken: Woken) -> Submission:
    """Give what was sent. Raises `ActivityFault` for another waking: a form never expires."""
    if not isinstance(woken, Answered):
        raise ActivityFault(node=call.node, reason="only an answer wakes a form")
    return woken.submission


@activity(
    "Custom Data Form",
    version=1,
    kind="interactive",
    inputs=[
        *FORM_INPUTS,
        Input(name="dynamicDataFormName", type=STRING),
        Input(name="hideButtons", type=BOOLEAN, default=False),
        MAX_ATTEMPTS,
        Input(name="readOnlyForm", type=BOOLEAN, default=False),
        *screen_inputs("custom-data-form"),
    ],
    keys=[form_key("form1")],
    outputs=[Output(name="cdfContinue", variable="_cdfContinue", type=BOOLEAN)],
    errors=[ErrorEvent(code=EXCEEDED, on_loop_only=True, fails=False, words="form.tries")],
    form=FormUse(
        name_input="dataFormName",
        version_input="dataFormVersion",
        key_input="formDataKey",
        read_only_input="readOnlyForm",
        choice_input="dynamicDataFormName",
    ),
    bounded_by=Bound(input="maxAttempts", code=EXCEEDED),
    aliases=["Custom Data Form v2", "Custom Data Form v3"],
)
class CustomDataForm:
    """Show a form and keep what a person answers under `_customFormData`."""

    @staticmethod
    def enter(call: Call) -> Outcome:
        """Show the form `maxAttempts` times; the entry after that is one too many."""
        if call.visit > call.integer("maxAttempts"):
            return raised(EXCEEDED)
        panel = form_panel(
            call, read_only=call.flag("readOnlyForm"), hide_buttons=call.flag("hideButtons")
        )
        return show(call, panel)

    @staticmethod
    def resume(call: Call, woken: Woken) -> Outcome:
        """Hand on what was answered."""
        return done(outputs={"cdfContinue": True}, submission=answered(call, woken))
