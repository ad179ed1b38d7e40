"""The Finalizer: which status an end gives (design 5), and the last screen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from msgspec.structs import replace

from engine.model.graph import ActivityNode, ProcessGraph
from engine.model.instance import ProcessInstance, Review, Status
from engine.model.names import FORM_DATA, INIT_VARS, REDIRECT_URL, TIMEOUT_REDIRECT_URL, JsonObject
from engine.model.screen import RedirectPanel, Screen


def status_of(instance: ProcessInstance, result: Literal["FAIL", "REVIEW"] | None) -> Status:
    """Decide how a journey that reached End is over, in the order of design 5."""
    decision = instance.decision
    if instance.last_wait_timed_out:
        return "COMPLETED_TERMINATED"
    if result == "FAIL":
        return "COMPLETED_ENDED_ERROR"
    not_passed = any(check.state != "PASS" for check in instance.checks)
    failed = decision == "FAIL" or (decision is None and not_passed)
    if failed:
        return "COMPLETED_ENDED_ERROR"
    if result == "REVIEW" or decision == "REVIEW":
        return "REVIEW"
    return "COMPLETED_ENDED_SUCCESS"


def ended(
    graph: ProcessGraph, node: ActivityNode, instance: ProcessInstance, at: datetime
) -> ProcessInstance:
    """End at an End node."""
    return _over(graph, instance, status_of(instance, node.result), at)


def terminated(graph: ProcessGraph, instance: ProcessInstance, at: datetime) -> ProcessInstance:
    """End where it stands: its own deadline passed, or an operator ended it."""
    return _over(graph, instance, "COMPLETED_TERMINATED", at)


def given_up(graph: ProcessGraph, instance: ProcessInstance, at: datetime) -> ProcessInstance:
    """End an instance that nothing will mend; what broke it stays with it."""
    return _over(graph, instance, "COMPLETED_PROCESS_ERROR", at)


def reviewed(graph: ProcessGraph, instance: ProcessInstance, review: Review) -> ProcessInstance:
    """Give an instance that ended in review its last status; where it led, it leads still."""
    status: Status = "COMPLETED_ENDED_SUCCESS" if review.accepted else "COMPLETED_ENDED_ERROR"
    kept_until = review.at + graph.definition.retention
    return replace(instance, status=status, kept_until=kept_until, last_at=review.at)


def _over(
    graph: ProcessGraph, instance: ProcessInstance, status: Status, at: datetime
) -> ProcessInstance:
    return replace(
        instance,
        status=status,
        wait=None,
        pending=None,
        rested=None,
        notices=(),
        variables=_kept(graph, instance.variables),
        ending=_last_screen(graph, instance, status),
        leads_to=None,
        ended_at=at,
        kept_until=None if status == "REVIEW" else at + graph.definition.retention,
        last_at=at,
    )


def _last_screen(graph: ProcessGraph, instance: ProcessInstance, status: Status) -> Screen:
    given = instance.variables.get(INIT_VARS)
    parameters = given if isinstance(given, dict) else {}
    url = instance.leads_to or parameters.get(REDIRECT_URL)
    if status == "COMPLETED_TERMINATED":
        url = parameters.get(TIMEOUT_REDIRECT_URL, url)
    failed = status == "COMPLETED_ENDED_ERROR"
    last_word = tuple(one for one in instance.notices if failed and one.title is not None)
    leads = (RedirectPanel(url=_filled(graph, instance, str(url))),) if url else ()
    return Screen(
        step_id="thank-you",
        screen_id="thank-you",
        screens=("thank-you",),
        title=last_word[0].title if last_word else None,
        panels=(*last_word, *leads),
    )


def _filled(graph: ProcessGraph, instance: ProcessInstance, url: str) -> str:
    """Fill TrustX's names into a redirect address, percent-encoded (trustx-orchestration 8.4)."""
    definition = graph.definition
    names = {
        "PROCESS_DNF_TYPE": definition.type,
        "PROCESS_DNF_NAME": definition.process,
        "PROCESS_DNF_VERSION": str(definition.version),
        "PROCESS_DNF_ID": graph.digest,
        "PROCESS_INSTANCE_ID": instance.id,
    }
    for name, text in names.items():
        for written in (f"{{{name}}}", f"%7B{name}%7D", f"%7b{name}%7d"):
            url = url.replace(written, quote(text, safe=""))
    return url


def _kept(graph: ProcessGraph, variables: JsonObject) -> JsonObject:
    """Drop what the forms under each key call transient: it was for later activities alone."""
    forms, transient = variables.get(FORM_DATA), _transient(graph)
    if not isinstance(forms, dict) or not transient:
        return variables
    kept: JsonObject = {
        key: {id: value for id, value in data.items() if id not in transient.get(key, ())}
        for key, data in forms.items()
        if isinstance(data, dict)
    }
    return {**variables, FORM_DATA: kept}


def _transient(graph: ProcessGraph) -> Mapping[str, frozenset[str]]:
    """Form data key -> the answers that are transient in some form that may be shown for it."""
    found: dict[str, frozenset[str]] = {}
    for node in graph.nodes.values():
        if not isinstance(node, ActivityNode) or node.signature.form is None:
            continue
        key = node.slots[node.signature.form.key_input]
        ids = (id for ref in node.forms for id in graph.forms[ref].transient)
        found[key] = found.get(key, frozenset()).union(ids)
    return {key: ids for key, ids in found.items() if ids}
