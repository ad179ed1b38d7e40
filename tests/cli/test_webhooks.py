"""`webhook` and `outbox`: what is shown once, what never, and what is done about a dead message."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.sqlite import SqliteStore
from engine.model.names import MAIN_TENANT, TenantId
from engine.ports.store import PageQuery
from engine.records.record import Absent, Put, Staged
from engine.records.work import Job
from engine.testing import FrozenClock
from engine.webhooks import signing
from tests.cli.shell import Run
from tests.contracts.test_records import a_job

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")
URI = "https://shop.example/hooks"


def listed(house: Run) -> list[dict[str, Any]]:
    return list(json.loads(house("webhook", "list", "--json").stdout)["webhooks"])


def test_a_secret_is_shown_once_and_never_listed(house: Run) -> None:
    done = house("webhook", "add", "shop", URI)
    again = house("webhook", "add", "shop", URI)

    (secret,) = SECRET.findall(done.stdout)
    assert signing.read(secret) is not None
    assert again.stdout == "shop has version 2 now.\n"
    told = house("webhook", "list").output + house("webhook", "list", "--json").output
    assert "whsec_" not in told
    assert [row["version"] for row in listed(house)] == [1, 2]


def test_all_that_a_webhook_says_can_be_said(house: Run, tmp_path: Path) -> None:
    body, hidden = tmp_path / "body.json", tmp_path / "hidden.json"
    body.write_text('{"who": "{{processvar._initVars.who}}"}', encoding="utf-8")
    hidden.write_text('{"Authorization": "Bearer s3cr3t-of-shop"}', encoding="utf-8")

    done = house(
        "webhook", "add", "shop", URI, "--body", str(body), "--sensitive", str(hidden),
        "--header", "X-A=b=c", "--parameter", "p=q", "--retry", "PT1S", "--retry", "PT1M", "--json",
    )  # fmt: skip

    made = json.loads(done.stdout)
    assert made["body"] == {"who": "{{processvar._initVars.who}}"}
    assert made["headers"] == {"X-A": "b=c"}
    assert made["sensitiveHeaders"] == ["Authorization"]
    assert made["retrySeconds"] == [1.0, 60.0]
    assert SECRET.fullmatch(made["secret"])
    assert "s3cr3t" not in done.output + house("webhook", "list", "--json").output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ("shop", "http://shop.example/"),
            1,
            "use https; only what the setting http_trusted names",
        ),
        (("shop", "https://10.0.0.1/"), 1, "not a public one"),
        (("a b", URI), 1, "use letters"),
        (("shop", URI, "--header", "nothing"), 2, "NAME=TEXT"),
        (("shop", URI, "--header", "Host=x"), 1, "written by us"),
        (("shop", URI, "--retry", "P8D"), 1, "--retry"),
        (("shop", URI, "--body", "missing.json"), 1, "cannot be read"),
        (("shop", URI, "--sensitive", "pyproject.toml"), 1, "is no JSON"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_kept(
    house: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    done = house("webhook", "add", *words)

    assert done.exit_code == code
    assert said in " ".join(done.output.split())
    assert listed(house) == []


def test_a_secret_is_exchanged_and_a_version_removed(house: Run) -> None:
    (first,) = SECRET.findall(house("webhook", "add", "shop", URI).stdout)
    (second,) = SECRET.findall(house("webhook", "rotate", "shop").stdout)
    removed = house("webhook", "remove", "shop", "1")
    again = house("webhook", "remove", "shop", "1")
    none = house("webhook", "rotate", "shop")

    assert first != second
    assert removed.exit_code == 0
    assert (again.exit_code, none.exit_code) == (1, 1)
    assert "There is no version 1 of shop" in again.output


def put(data: Path, *jobs: Job, tenant: TenantId = MAIN_TENANT) -> None:
    async def told() -> None:
        store = await SqliteStore.open(data / "trustflow.db", clock=FrozenClock())
        writes = tuple(Put(row=job, expect=Absent()) for job in jobs)
        await store.write(tenant, Staged(writes=writes))
        await store.close()

    asyncio.run(told())


def kept(data: Path) -> dict[str, Job]:
    async def told() -> dict[str, Job]:
        store = await SqliteStore.open(data / "trustflow.db", clock=FrozenClock())
        rows = (await store.page(MAIN_TENANT, Job, PageQuery())).rows
        await store.close()
        return {row.id: row for row in rows}

    return asyncio.run(told())


def test_dead_messages_are_seen_tried_again_and_dropped(house: Run, data: Path) -> None:
    facts = {"status": "DEAD", "due_at": None, "tries": 8, "reason": "it answered 500"}
    put(data, a_job("msg_a", **facts), a_job("msg_b", **facts), a_job("msg_c"))

    table = house("outbox", "list").output
    waiting = json.loads(house("outbox", "list", "--status", "waiting", "--json").stdout)
    retried = house("outbox", "retry", "msg_a")
    dropped = house("outbox", "drop", "msg_b")
    living = house("outbox", "drop", "msg_a")
    unknown = house("outbox", "retry", "msg_x")

    assert "msg_a" in table
    assert "it answered 500" in table
    assert "msg_c" not in table
    assert [one["id"] for one in waiting["messages"]] == ["msg_c"]
    assert (retried.exit_code, dropped.exit_code) == (0, 0)
    assert (living.exit_code, unknown.exit_code) == (1, 1)
    rows = kept(data)
    assert set(rows) == {"msg_a", "msg_c"}
    assert (rows["msg_a"].status, rows["msg_a"].tries) == ("WAITING", 0)
    audit = json.loads(house("audit", "list", "--json").stdout)
    assert {"job.retry", "job.drop"} <= {row["action"] for row in audit["audit"]}


def test_nothing_to_be_seen_is_said(house: Run) -> None:
    assert house("outbox", "list").output == "Nothing is dead.\n"
    assert "No webhooks yet" in house("webhook", "list").output


def test_deploying_what_names_no_webhook_there_is_warns(house: Run, tmp_path: Path) -> None:
    file = tmp_path / "tell.yaml"
    file.write_text(
        "process: tell\nversion: 1\ntitle: Tell\nlanguages: [en]\nmaxDuration: PT1H\nflow:\n"
        "  start: {activity: Start, next: tell}\n"
        "  tell:\n    activity: Send Webhook\n    inputs: {webhookName: shop}\n    next: end\n"
        "  end: {activity: End, result: FAIL}\n",
        encoding="utf-8",
    )

    before = house("deploy", str(file))
    house("webhook", "add", "shop", URI)
    doctor = house("doctor")

    assert "uses webhook `shop`, which does not exist" in " ".join(before.output.split())
    assert "webhook `shop`" not in doctor.output


def test_doctor_tells_of_what_was_given_up_in_every_tenant(house: Run, data: Path) -> None:
    house("tenant", "add", "acme")
    put(data, a_job("msg_a", status="DEAD", due_at=None), tenant=TenantId("acme"))

    every, main = house("doctor"), house("--tenant", "main", "doctor")

    assert "acme: 1 message could not be delivered" in " ".join(every.output.split())
    assert "--tenant acme outbox list" in " ".join(every.output.split())
    assert "nothing was given up" in every.output
    assert "acme" not in main.output
