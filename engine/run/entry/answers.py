"""What the visits answer with: what a link, ticket or session gives, or why it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.model.definition import Definition
from engine.model.graph import Gateway, Node, ProcessGraph, ways_of
from engine.model.names import InstanceId
from engine.records.tokens import ProcessToken, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """A link that can be begun, or gone on with.

    Attributes:
        begin_key: For the landing form's hidden field; redeeming is idempotent by it.
        resume: The visit of this token that the browser still has a session for.
        asks_passcode: Whichever way it goes, the first passcode that is asked for is the one that
            the person has: it should be at hand.
    """

    token: ProcessToken
    definition: Definition
    begin_key: str
    now: datetime
    resume: InstanceId | None = None
    asks_passcode: bool = False

    @classmethod
    def of(
        cls,
        token: ProcessToken,
        graph: ProcessGraph,
        *,
        begin_key: str,
        now: datetime,
        resume: InstanceId | None = None,
    ) -> Landing:
        """Tell what of a graph is shown before it begins."""
        return cls(
            token=token,
            definition=graph.definition,
            begin_key=begin_key,
            now=now,
            resume=resume,
            asks_passcode=_first_secrets(graph) == {"current-password"},
        )


def _first_secrets(graph: ProcessGraph) -> set[str]:
    """Tell which passcodes a person may be asked for first, over all ways: the old or a new one."""
    found: set[str] = set()
    seen, waiting = {graph.start}, [graph.start]
    while waiting:
        node = graph.nodes[waiting.pop()]
        asked = _secrets(graph, node)
        found |= asked
        further = [] if asked else [way for way in ways_of(node) if way not in seen]
        seen.update(further)
        waiting += further
    return found


def _secrets(graph: ProcessGraph, node: Node) -> set[str]:
    """Give the `autocomplete` of the first passcode on each page that a node may show."""
    if isinstance(node, Gateway):
        return set()
    asked = [
        [part.autocomplete or "current-password" for part in graph.forms[form].inputs
         if part.type == "password"]
        for form in node.forms
    ]  # fmt: skip
    return {kinds[0] for kinds in asked if kinds}


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """A paused visit that its resume link goes on with, until a time.

    `begin_key`: for the page's hidden field; coming back is idempotent by it.
    """

    definition: Definition
    begin_key: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A visit was begun (or begun again by the same key): the session value to hand out."""

    instance: InstanceId
    session: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """An instance was created by API: `ticket` starts it once, within 15 minutes."""

    instance: InstanceId
    ticket: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a link, ticket or begin key is not taken.

    `unknown` covers malformed, foreign, inactive; `stale`: the begin key is too old, ask again.
    `token` is given for `not yet`, `expired` and `used`.
    """

    reason: Literal["unknown", "expired", "used", "not yet", "stale"]
    token: ProcessToken | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A request came with a living session of the instance.

    `fresh`: hand out this value instead.
    """

    session: Session
    fresh: str | None = None
