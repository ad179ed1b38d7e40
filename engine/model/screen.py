"""What the client is told to show.

Activities build panels, `web` renders them and knows no activity.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta

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
    """A sentence above the rest: `info`, `success` or `error`.

    Attributes:
        title: Of the last page, where the journey fails with this as its last word.
    """

    kind: str
    text: Text
    title: Text | None = None


class RedirectPanel(Tagged, frozen=True, kw_only=True):
    """Where the person goes next.

    A page of ours with a link and a Refresh header, never a 3xx (F4).
    """

    url: str
    after_seconds: int = 3


class LivePanel(Tagged, frozen=True, kw_only=True):
    """Something is decided on a device: the page shows what is needed for it, and listens.

    It holds no code and no token: whatever shows it derives them anew (design 7).

    Attributes:
        subject: Id of the registration or transaction.
        user: Whom it is about, as real time names them.
        ends_at: From when on nothing can come of it.
        action, message: Of a transaction, as the device shows them.
        parameters: The same, name -> text.
    """

    flow: Literal["registration", "transaction"]
    subject: str
    user: str
    ends_at: Annotated[datetime, Meta(tz=True)]
    action: str = ""
    message: str = ""
    parameters: dict[str, str] = {}


class DevicePanel(Tagged, frozen=True, kw_only=True):
    """A device was added: the person goes on, or says that it is not theirs.

    The answer's one value is `device`: `mine` or `wrong`.

    Attributes:
        device: As its owner calls it; empty where nobody knows.
        ends_at: When whoever looks on is taken to be content.
    """

    device: str
    ends_at: Annotated[datetime, Meta(tz=True)]


Panel = FormPanel | TextPanel | RedirectPanel | LivePanel | DevicePanel
DEVICE_ANSWERS: Final = ("mine", "wrong")


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
    def live(self) -> LivePanel | None:
        """What is decided elsewhere, if it shows that."""
        return next((panel for panel in self.panels if isinstance(panel, LivePanel)), None)

    @property
    def device(self) -> DevicePanel | None:
        """The device that was added, if it asks about one."""
        return next((panel for panel in self.panels if isinstance(panel, DevicePanel)), None)

    @property
    def redirect(self) -> RedirectPanel | None:
        """Where the person goes next, if it says so."""
        return next((panel for panel in self.panels if isinstance(panel, RedirectPanel)), None)


class TimeLimit(Value, frozen=True, kw_only=True):
    """Until when a step must be answered, and whether the person may ask for more time."""

    due: datetime
    extendable: bool
