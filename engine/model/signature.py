"""What an activity declares about itself; every proof reads this and never a label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from engine.expressions import Member, Type, has_type
from engine.model.form import ComponentType
from engine.model.instance import Awaited
from engine.model.names import JsonValue

Kind = Literal["start", "end", "pure", "local", "interactive", "external"]
Reference = Literal[
    "form-name",
    "form-version",
    "counter",
    "cleared",
    "store",
    "policy",
    "duration",
    "webhook",
    "provider",
]
"""What a literal input is, besides its type.

`counter` counts up from 1, `cleared` variables are un-written, a `duration` is ISO 8601 (`PT15M`).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input: name in camelCase as in TrustX.

    Attributes:
        literal: Must be written out, no `${}` (names of keys, stores, forms, policies, counters).
        refers: What the literal names, where a proof needs to know.
        choices: The only values taken, for an enumeration.
        at_least, at_most: Bounds of a number, inclusive.
    """

    name: str
    type: Type
    required: bool = False
    default: JsonValue = None
    literal: bool = False
    refers: Reference | None = None
    choices: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None

    def takes(self, value: JsonValue) -> bool:
        """Whether it takes a value: of its type, one of its choices, within its bounds."""
        if not has_type(value, self.type) or (self.choices and value not in self.choices):
            return False
        if not isinstance(value, int | float):
            return True
        is_low = self.at_least is not None and value < self.at_least
        is_high = self.at_most is not None and value > self.at_most
        return not (is_low or is_high)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """One key input: which slot states it takes and which it leaves.

    Attributes:
        input: Name of the input that holds the slot's name; `default` is used when it is not given.
        type: Type of the slot afterwards (`PasscodeAttempt`, `User`, `ClaimedUser`, `Submission`).
        reads: Types taken beforehand; empty means whatever the slot held before, also nothing.
        before: States taken beforehand; empty with `reads` given: any state of these types.
        after: State on success; None: unchanged.
        on: Error code -> state after that ending (else `after`); `""`: the slot stays as it was.
        on_timeout: State after the boundary timer; None: unchanged. An activity is not called then.
        members: What `${<slot>.<member>}` reads afterwards.
        carries: The form components whose secrets the slot carries in state `after`.
        takes: The secrets the activity consumes; the slot carries them no longer, whatever the
            ending.
        links: Other key inputs whose slots this one remembers; `promotes` follows them.
    """

    input: str
    type: str
    default: str
    reads: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    after: str | None = None
    on: Mapping[str, str] = field(default_factory=dict)
    on_timeout: str | None = None
    members: Mapping[str, Member] = field(default_factory=dict)
    carries: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """On success the slot `through` (a key input) links to by `link` becomes `type` at `state`.

    `ClaimedUser` -> `User`: the person has shown to be who the token said.
    """

    through: str
    link: str
    type: str
    state: str
    members: Mapping[str, Member] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One declared output: local `name`, copied to the process variable `variable` at completion.

    Attributes:
        always: False where only the ordinary ending writes it and not every one of those.
        link: What is written is no link but what one is made for: whatever shows it derives it anew
            (design 7). No expression reads it.
    """

    name: str
    variable: str
    type: Type
    always: bool = True
    link: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent:
    """Any ending besides the ordinary one.

    Attributes:
        demanded: Without an edge the definition does not compile.
        on_loop_only: Demanded only where the node lies on a loop.
        fails: Leaves the activity's check at FAIL.
        words: Catalogue id of the sentence shown above a form entered along this event's edge.
        title: Catalogue id of the last page's title, where the journey fails by this event before
            another page; the sentence stands below it. None where nobody is told why.
    """

    code: str
    demanded: bool = False
    on_loop_only: bool = False
    fails: bool = True
    words: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckUse:
    """A check this activity opens or settles, filed per slot that the key input `key` names."""

    name: str
    key: str

    def filed_under(self, slots: Mapping[str, str], given: str | None) -> str:
        """Name the check as a node does (`check:`), else by what it is and the slot it is about.

        Proof and run ask here, so that what was proved of a check holds of the one that is filed.

        Args:
            slots: Key input of the node -> name of its slot.
            given: The node's own `check:`, if it has one.
        """
        return given or f"{self.name}/{slots.get(self.key, '')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormUse:
    """The form an interactive activity shows, and the components it must hold.

    Attributes:
        read_only_input: The input that, when true, shows the form without taking any answer.
        choice_input: The input that, where it is given, names the form instead of `name_input`.
        components: Component id -> the types it may have there.
        transient: Those whose answers the form must drop once the instance is over.
    """

    name_input: str
    version_input: str
    key_input: str
    read_only_input: str = ""
    choice_input: str = ""
    components: Mapping[str, tuple[ComponentType, ...]] = field(default_factory=dict)
    transient: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decides:
    """This activity makes the decision: it folds checks into one, or somebody tells it.

    Attributes:
        output: Output that holds it.
        on_any_failure: Input with the decision when a check is not PASS; empty where checks do not
            count.
        derive: Optional input whose value, if there is one, is the decision.
    """

    output: str
    on_any_failure: str = ""
    derive: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """`input` bounds a node's visits; on the visit that reaches it the activity raises `code`.

    `words`: catalogue id (with `.one` and `.other`) that tells how many visits are left.
    """

    input: str
    code: str
    words: str | None = None


@dataclass(frozen=True, kw_only=True)
class Signature:
    """All that is known of an activity without running it.

    It has no slots: what every ending asks is found once, and kept beside its fields.

    Attributes:
        one_of: Groups of inputs of which at least one must be usable (a key input counts when its
            slot is written on every path before).
        aliases: Other spellings of the label (`Custom Data Form v3`).
        uses: Names of the capabilities it asks for.
        awaits: Who ends the wait of an interactive one; of an external one it is the result.
        waits_if: Of an external one: the literal input that, when true, lets the instance stand
            still until the result is there; else it goes on at once. Empty: it stands still always.
        redirects: Output with the address that the next page that asks nothing leads to.
        summary: First line of the code's docstring: what the palette says of it.
    """

    label: str
    version: int
    kind: Kind
    inputs: tuple[Input, ...] = ()
    keys: tuple[KeyUse, ...] = ()
    outputs: tuple[Output, ...] = ()
    errors: tuple[ErrorEvent, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    opens: CheckUse | None = None
    settles: CheckUse | None = None
    promotes: Promotion | None = None
    form: FormUse | None = None
    decides: Decides | None = None
    bounded_by: Bound | None = None
    aliases: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    awaits: Awaited = "answer"
    waits_if: str = ""
    redirects: str = ""
    summary: str = ""

    def waits(self, inputs: Mapping[str, object]) -> bool:
        """Whether an instance stands still here, given a node's inputs as they are written."""
        if self.kind == "external":
            return not self.waits_if or inputs.get(self.waits_if) is True
        return self.is_page

    @property
    def is_page(self) -> bool:
        """Whether it shows a page of its own and stands still."""
        return self.kind == "interactive"

    @cached_property
    def codes(self) -> frozenset[str]:
        """The codes of its error events."""
        return frozenset(error.code for error in self.errors)

    @cached_property
    def failing(self) -> frozenset[str]:
        """The codes that leave its check at FAIL."""
        return frozenset(error.code for error in self.errors if error.fails)

    @cached_property
    def takes(self) -> Mapping[str, Input]:
        """Its inputs by name; those that name keys are not among them."""
        return {one.name: one for one in self.inputs}

    @cached_property
    def declared(self) -> frozenset[str]:
        """The names of the outputs it may give."""
        return frozenset(output.name for output in self.outputs)

    @cached_property
    def promised(self) -> frozenset[str]:
        """The names of the outputs that its ordinary ending always gives."""
        return frozenset(output.name for output in self.outputs if output.always)

    @property
    def asks(self) -> bool:
        """Whether it stands still here with a person in front of its page."""
        return self.is_page and self.awaits in ("answer", "signal")
