"""THE DOOR: all an activity author needs, and all of `engine` an activity may import.

An activity is a signature (what it takes, leaves, raises and asks for) and code that answers with
an `Outcome`. Nothing is registered here: a package lists its activities as a value and names that
list under the entry-point group `engine.activities`.
"""

from engine.activity.call import Call
from engine.activity.capabilities import (
    PasscodeAttempt,
    Passcodes,
    PasscodeVerdict,
    Redirects,
    UserProfile,
    UserRefused,
    Users,
)
from engine.activity.delivering import (
    Delivered,
    Deliveries,
    Undelivered,
    WebhookMessage,
    Webhooks,
)
from engine.activity.describing import LINK, Activity, Answer, Prepared, Tried, activity
from engine.activity.devices import Devices, Question, Registration
from engine.activity.endings import done, failed, passed, raised
from engine.activity.external import USUAL_DELAYS, HandOver, TryLater
from engine.errors import ActivityFault, AddressRefused, Busy, HttpFailed
from engine.expressions import (
    BOOLEAN,
    DATE,
    DYNAMIC,
    INTEGER,
    NUMBER,
    STRING,
    EnumOf,
    ListOf,
    MapOf,
    Member,
    Record,
    Type,
)
from engine.model.definition import FormRef
from engine.model.effect import Answered, Decided, Expired, Heard, Returned, Woken
from engine.model.event import Ended, Outcome, Shown, Submission
from engine.model.form import ComponentType, Limits, Option
from engine.model.instance import Check, KeySlot
from engine.model.names import JsonObject, JsonValue
from engine.model.problem import Message, Text, Words
from engine.model.screen import (
    Action,
    DevicePanel,
    FormPanel,
    LivePanel,
    Panel,
    RedirectPanel,
    Screen,
    TextPanel,
)
from engine.model.signature import (
    Bound,
    CheckUse,
    Decides,
    ErrorEvent,
    FormUse,
    Input,
    KeyUse,
    Output,
    Promotion,
)
from engine.ports.http import Http, HttpAnswer, HttpRequest
from engine.secret import Secret

__all__ = [
    "BOOLEAN", "DATE", "DYNAMIC", "INTEGER", "LINK", "NUMBER", "STRING", "USUAL_DELAYS", "Action",
    "Activity", "ActivityFault", "AddressRefused", "Answer", "Answered", "Bound", "Busy", "Call",
    "Check", "CheckUse", "ComponentType", "Decided", "Decides", "Delivered", "Deliveries",
    "DevicePanel", "Devices", "Ended", "EnumOf", "ErrorEvent", "Expired", "FormPanel", "FormRef",
    "FormUse", "HandOver", "Heard", "Http", "HttpAnswer", "HttpFailed", "HttpRequest", "Input",
    "JsonObject", "JsonValue", "KeySlot", "KeyUse", "Limits", "ListOf", "LivePanel", "MapOf",
    "Member", "Message", "Option", "Outcome", "Output", "Panel", "PasscodeAttempt",
    "PasscodeVerdict", "Passcodes", "Prepared", "Promotion", "Question", "Record", "RedirectPanel",
    "Redirects", "Registration", "Returned", "Screen", "Secret", "Shown", "Submission", "Text",
    "TextPanel", "Tried", "TryLater", "Type", "Undelivered", "UserProfile", "UserRefused", "Users",
    "WebhookMessage", "Webhooks", "Woken", "Words", "activity", "done", "failed", "passed",
    "raised",
]  # fmt: skip
