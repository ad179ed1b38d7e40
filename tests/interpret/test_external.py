"""External activities: the instance stands until the result is there, or goes on without it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.model.event import Broken, Ended, Finished, Handed, Outcome, Retried
from engine.model.names import NodeId
from engine.model.turn import NotAwaited
from tests.interpret.walk import Walk, graph_of

WAITS = """\
flow:
  start: {activity: Start, next: tell}
  tell:
    activity: Send Webhook
    inputs: {webhookName: shop, waitForDelivery: true}
    errors: {WebhookNotDelivered: no}
    timeout: {after: PT10M, to: late}
    next: yes
  yes: {activity: End, result: REVIEW}
  no: {activity: End, result: FAIL}
  late: {activity: End}
"""
GOES_ON = WAITS.replace(
    """, waitForDelivery: true}
    errors: {WebhookNotDelivered: no}
    timeout: {after: PT10M, to: late}
""",
    "}\n",
).replace(
    """  no: {activity: End, result: FAIL}
  late: {activity: End}
""",
    "",
)
DONE = Ended(outputs={"webhookStatus": 200})


def result(walk: Walk, outcome: Outcome = DONE, visit: int = 1, node: str = "tell") -> Finished:
    return Finished(at=walk.now, node=NodeId(node), visit=visit, outcome=outcome)


def test_it_stands_still_and_asks_nothing_until_the_result_is_there() -> None:
    walk = Walk(graph_of(WAITS))
    standing = walk.instance

    walk.take(result(walk.later(minutes=1)))

    assert standing.works_on
    assert (standing.status, standing.step, standing.asked) == ("ACTIVE", None, None)
    assert standing.due_at == walk.first.created_at + timedelta(minutes=10)
    assert standing.screen is not None
    assert standing.screen.screen_id == "working"
    assert walk.instance.status == "REVIEW"
    assert walk.instance.variables["_webhookStatus"] == 200
    assert not walk.instance.works_on


def test_an_error_event_takes_its_way() -> None:
    walk = Walk(graph_of(WAITS))

    walk.take(result(walk, Ended(error="WebhookNotDelivered")))

    assert walk.instance.status == "COMPLETED_ENDED_ERROR"


@pytest.mark.parametrize(
    ("node", "visit", "minutes", "reason"),
    [("tell", 2, 1, "another step"), ("yes", 1, 1, "another step"), ("tell", 1, 10, "late")],
)
def test_a_result_for_another_wait_or_too_late_changes_nothing(
    node: str, visit: int, minutes: int, reason: str
) -> None:
    walk = Walk(graph_of(WAITS)).later(minutes=minutes)
    before = walk.instance

    refused = walk.take(result(walk, visit=visit, node=node))

    assert refused == NotAwaited(reason=reason)  # type: ignore[arg-type]  # one of the table
    assert walk.instance == before


def test_told_twice_it_is_told_once() -> None:
    walk = Walk(graph_of(WAITS))
    walk.take(result(walk))
    before = walk.instance

    assert walk.take(result(walk)) == NotAwaited(reason="over")
    assert walk.instance == before


def test_where_it_need_not_wait_it_goes_on_with_no_result() -> None:
    walk = Walk(graph_of(GOES_ON), {"tell": [Handed(waits=False)]})

    assert walk.instance.status == "REVIEW"
    assert "_webhookStatus" not in walk.instance.variables
    assert walk.instance.visits[NodeId("tell")] == 1


def test_an_end_in_the_hop_itself_is_taken_as_any_other() -> None:
    walk = Walk(graph_of(WAITS), {"tell": [Ended(error="WebhookNotDelivered")]})

    assert walk.instance.status == "COMPLETED_ENDED_ERROR"


def test_a_result_that_broke_holds_it_where_it_stood_and_it_stands_there_again() -> None:
    walk = Walk(graph_of(WAITS))
    standing = walk.instance
    walk.take(result(walk.later(minutes=1), Broken(code="activity", reason="x")))
    held = walk.instance

    walk.take(Retried(at=walk.later(hours=1).now, by="me"))

    assert held.incident is not None
    assert not held.works_on
    assert walk.instance.works_on
    assert walk.instance.wait is not None
    assert standing.wait is not None
    assert walk.instance.wait.step == standing.wait.step
    assert walk.instance.visits == standing.visits
    assert walk.take(result(walk)) is None
    assert walk.instance.status == "REVIEW"
