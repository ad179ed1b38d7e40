"""What a hop and an erasure write on SQLite: which statement refuses, and that it stands first."""

from __future__ import annotations

import pytest

from engine.adapters.encoding import micros
from engine.adapters.sqlite.statements import of_erasure, of_hop
from engine.model.instance import Incident, ProcessInstance
from engine.model.names import MAIN_TENANT, NodeId
from engine.ports.store import Erasure
from engine.records.record import Staged
from engine.testing import NOON, a_hop, an_instance

OVER = an_instance(revision=2, status="COMPLETED_ENDED_SUCCESS", ended_at=NOON)
HELD = an_instance(
    revision=2, incident=Incident(code="process", reason="x", node=NodeId("ask"), at=NOON)
)
GOES_ON = an_instance(revision=2)


@pytest.mark.parametrize(
    ("instance", "kept"), [(GOES_ON, micros(GOES_ON.deadline)), (OVER, None), (HELD, None)]
)
def test_an_instance_that_no_time_moves_has_no_deadline_to_be_found_by(
    instance: ProcessInstance, kept: int | None
) -> None:
    _, _, deadline, *_ = of_hop(a_hop(instance))[0].values

    assert deadline == kept


@pytest.mark.parametrize("after", [None, OVER])
def test_an_erasure_that_is_refused_has_changed_nothing_before(
    after: ProcessInstance | None,
) -> None:
    erasure = Erasure(tenant=MAIN_TENANT, instance=OVER.id, before=1, after=after, staged=Staged())

    first, *others = of_erasure(erasure)

    assert first.refused == "revision"
    assert [one.refused for one in others] == [None] * len(others)


def test_a_hop_that_is_refused_by_its_instance_has_changed_nothing_before() -> None:
    first, *_ = of_hop(a_hop(GOES_ON))

    assert first.refused == "revision"
