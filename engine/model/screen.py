"""What the client is told to show.

Activities build panels, `web` renders them and knows no activity.
"""

from __future__ import annotations

from datetime import datetime

from engine.model.definition import FormRef
from engine.model.form import Limits, Option
from engine.model.names import JsonObject
from engine.model.problem import Text
from engine.model.value import Tagged, Value


class FormPanel(Tagged, frozen=True, kw_only=True):
    """A form to fill in.

    Attributes:
        values: component id -> what the field shows at first (defaults, earlier answers; never a
            secret).
        limits: component id -> bounds known at run time.
        options: component id -> answers allowed at run time, for `select` and `radio`.
        same: component id -> the one whose answer it must repeat.
    """

    form: FormRef
    form_data_key: str
    values: JsonObject = {}
    limits: dict[str, Limits] = {}
    options: dict[str, tuple[Option, ...]] = {}
    same: dict[str, str] = {}
    read_only: bool = False
    hide_buttons: bool = False


class TextPanel(Tagged, frozen=True, kw_only=True):
    """A sentence above the rest: `info`, `success` or `error`."""

    kind: str
    text: Text


class RedirectPanel(Tagged, frozen=True, kw_only=True):
    """Where the person goes next.

    A page of ours with a link and a Refresh header, never a 3xx (F4).
    """

    url: str
    after_seconds: int = 3


Panel = FormPanel | TextPanel | RedirectPanel


class Action(Value, frozen=True, kw_only=True):
    """A button besides the main one.

    `label` is None where the name has words of ours (`back`, `skip`, ...).
    """

    name: str
    label: Text | None = None


class Progress(Value, frozen=True, kw_only=True):
    """The thread: this is step `step` (1, 2, ...) of `total`, or of an unknown number."""

    step: int
    total: int | None = None


class Screen(Value, frozen=True, kw_only=True):
    """One page of a journey, as data (TrustX: stepId, screenId, screens)."""

    step_id: str
    screen_id: str
    screens: tuple[str, ...] = ()
    title: Text | None = None
    panels: tuple[Panel, ...] = ()
    actions: tuple[Action, ...] = ()
    progress: Progress | None = None

    @property
    def form(self) -> FormPanel | None:
        """The form it asks to be filled in; a screen has one at most."""
        return next((panel for panel in self.panels if isinstance(panel, FormPanel)), None)

    @property
    def redirect(self) -> RedirectPanel | None:
        """Where the person goes next, if it says so."""
        return next((panel for panel in self.panels if isinstance(panel, RedirectPanel)), None)


class TimeLimit(Value, frozen=True, kw_only=True):
    """Until when a step must be answered, and whether the person may ask for more time."""

    due: datetime
    extendable: bool
