"""The audit by API; and that every operation that changes something leaves a row."""

from __future__ import annotations

import pytest

from engine.model.names import MAIN_TENANT
from engine.ports.store import AuditQuery
from tests.web.program import program
from tests.web.surface import Answer, Surface, play

RECORDS = "/api/process-manager/auditRecords"
STORES = "/api/identity-store/stores"


def test_what_was_done_is_read_the_newest_first_and_chosen() -> None:
    async def story(house: Surface) -> None:
        shop = await program(house)
        made = (await shop.post(f"{STORES}/customers/users", {"extId": "rui"})).json
        await shop.post(f"{STORES}/customers/users/rui/ext", {"status": "LOCKED"})
        rows = (await shop.get(f"{RECORDS}?size=3")).json["content"]
        assert [row["action"] for row in rows[:2]] == ["user.lock", "user.update"]
        assert {row["actor"] for row in rows[:2]} == {f"key:{shop.key.key.id}"}
        mine = (await shop.get(f"{RECORDS}?subject=user:{made['id']}")).json["content"]
        assert [row["action"] for row in mine] == ["user.lock", "user.update", "user.add"]
        issued = (await shop.get(f"{RECORDS}?action=key.issue")).json
        assert issued["totalElements"] == 1
        by = f"actor=key:{shop.key.key.id}&action=user.lock&subject=user:{made['id']}"
        assert (await shop.get(f"{RECORDS}?{by}")).json["totalElements"] == 1
        assert (await shop.get(f"{RECORDS}?{by}x")).json["totalElements"] == 0
        noon, later = "2026-01-15T12:00:00Z", "2026-01-15T12:00:01Z"
        within = await shop.get(f"{RECORDS}?startDateTime={noon}&endDateTime={later}")
        assert within.json["totalElements"] > 0
        assert (await shop.get(f"{RECORDS}?startDateTime={later}")).json["totalElements"] == 0
        assert (await shop.get(f"{RECORDS}?endDateTime={noon}")).json["totalElements"] == 0
        assert (await shop.get(f"{RECORDS}?startDateTime=soon")).status == 400

    play(story)


CHANGES = [
    ("POST", STORES, {"name": "staff"}, "store.add"),
    ("POST", f"{STORES}/customers", {"hideUnknownUsers": True}, "store.change"),
    ("POST", f"{STORES}/customers/users", {"extId": "rui"}, "user.add"),
    ("POST", f"{STORES}/customers/users/ines.carvalho/ext", {"locale": "fr"}, "user.update"),
    ("DELETE", f"{STORES}/customers/users/ines.carvalho/ext", None, "user.erase"),
    ("POST", f"{STORES}/customers/passcodePolicy", {"name": "x"}, "policy.add"),
    ("POST", f"{STORES}/customers/passcodePolicy/default", {"historySize": 1}, "policy.change"),
    ("POST", "/api/arthr/apiKeys", {"name": "x", "permissions": []}, "key.add"),
    ("POST", "/api/process-manager/processTokens",
     {"name": "x", "processDefnName": "two-forms"}, "token.create"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "way", "body", "action"), CHANGES)
def test_what_changes_something_leaves_a_row_with_who_and_what(
    method: str, way: str, body: dict[str, object] | None, action: str
) -> None:
    async def story(house: Surface) -> tuple[Answer, list[tuple[str, str]]]:
        shop = await program(house)
        before = (await house.bench.store.audit(MAIN_TENANT, AuditQuery(size=1))).total
        answer = await shop.call(method, way, body)
        rows = (await house.bench.store.audit(MAIN_TENANT, AuditQuery(size=50))).rows
        fresh = rows[: len(rows) - before] if len(rows) > before else ()
        return answer, [(row.action, row.actor) for row in fresh]

    answer, rows = play(story)

    assert answer.status < 300, answer.text
    assert action in [name for name, _ in rows]
    assert all(actor.startswith("key:") for _, actor in rows)
