"""A deployed bundle is loaded again: linked and typed, and not proved a second time."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from engine.compile import check_definition, load
from engine.compile.bundling import digest_of
from engine.errors import UnknownBundle
from engine.interpret import advance, new_instance
from engine.model.definition import ActivityRef, Bundle
from engine.model.event import Started
from engine.model.graph import ProcessGraph
from engine.model.names import MAIN_TENANT, InstanceId, JsonObject
from engine.model.turn import Turn
from tests.compile.corpus import Case
from tests.compile.palette import KNOWN
from tests.compile.test_graphs import INSTALLED, shipped

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GIVEN: JsonObject = {"userExternalId": "ana", "channel": "web"}
LATER_RULES = ("P101", "P102", "P104", "P105", "P106", "P107", "P109", "P112", "P113", "P114")
"""Proofs whose broken texts can still be linked and typed."""
LOADING = """\
import sys, msgspec
from engine.compile import load
from engine.model.definition import Bundle
import activities

installed = tuple(described.signature for described in activities.ALL)
graph = load(msgspec.json.decode(sys.stdin.buffer.read(), type=Bundle), installed)
print(graph.start, "networkx" in sys.modules)
"""


def bundled(text: str, forms: dict[str, str]) -> Bundle:
    """Bundle a text as if it had been deployed under the rules of another day."""
    refs = [ActivityRef(label=known.label, version=known.version) for known in KNOWN]
    bundle = Bundle(
        digest="", process="sample", version=1, definition=text, forms=forms,
        activities=tuple(refs),
    )  # fmt: skip
    return msgspec.structs.replace(bundle, digest=digest_of(bundle))


def begun(graph: ProcessGraph) -> Turn:
    """Start a journey through a graph."""
    deadline = NOON + timedelta(hours=1)
    first = new_instance(
        graph, tenant=MAIN_TENANT, id=InstanceId("I" * 26), parameters=GIVEN, at=NOON,
        deadline=deadline,
    )  # fmt: skip
    turn = advance(
        graph, first, Started(at=NOON, deadline=deadline, language="en", parameters=GIVEN)
    )
    assert isinstance(turn, Turn)
    return turn


@pytest.mark.parametrize("code", LATER_RULES)
def test_what_a_later_proof_would_refuse_still_loads_and_runs(code: str) -> None:
    case = Case(code, "bad")
    text = case.source().text.decode()
    forms = {key: source.text.decode() for key, source in case.forms().items()}
    assert check_definition(case.source(), KNOWN, case.forms()).graph is None

    graph = load(bundled(text, forms), KNOWN)

    turn = begun(graph)
    assert turn.effects or turn.instance.is_over
    assert turn.instance.incident is None


@pytest.mark.parametrize("code", ["Y110", "S102", "L102", "L104", "X108"])
def test_what_cannot_be_linked_or_typed_is_no_bundle(code: str) -> None:
    case = Case(code, "bad")
    forms = {key: source.text.decode() for key, source in case.forms().items()}

    with pytest.raises(UnknownBundle):
        load(bundled(case.source().text.decode(), forms), KNOWN)


def test_loading_gives_the_graph_that_checking_gave() -> None:
    report = shipped()
    assert report.bundle is not None
    assert report.graph is not None

    graph = load(report.bundle, INSTALLED)

    assert list(graph.nodes) == list(report.graph.nodes)
    assert graph.steps == report.graph.steps
    assert graph.forms.keys() == report.graph.forms.keys()


def test_loading_does_without_the_library_of_graphs() -> None:
    bundle = shipped().bundle
    assert bundle is not None

    ran = subprocess.run(  # the module list of this process is full already
        [sys.executable, "-c", LOADING], input=msgspec.json.encode(bundle),
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip

    assert ran.stdout.split() == [b"start", b"False"]
