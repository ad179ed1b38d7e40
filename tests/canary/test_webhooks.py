"""What webhooks are signed with and send along rests nowhere open; what people type is not sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import HttpFailed
from engine.ports.http import HttpAnswer, HttpRequest
from engine.run.delivering import DeliveriesOfTenant
from engine.run.outbox import Outbox
from engine.testing import ScriptedHttp
from tests.canary.scan import found
from tests.canary.test_canary import leaks
from tests.canary.world import RIGHT, WRONG, World, collect
from tests.run.test_send_webhook import PASSCODE_JOURNEY
from tests.web.program import program

HOOKS = "/api/notification-service/webhookDefinitions"
HIDDEN = "Bearer Kuckuck-7f3a9c51e2d8-geheim"
EVERYTHING = {
    name: f"{{{{processvar.{name}}}}}"
    for name in ("_initVars", "_customFormData", "user1", "passcodeAuth1", "passcodeAuthForm1")
}
SHOWN: list[str] = []
"""The webhook's secrets: each in the one answer that shows it, and nowhere else."""
SENT: list[HttpRequest] = []


async def walk(world: World) -> None:
    """Tell a shop of two tries to sign in, the second one put off once; exchange the secret."""
    SHOWN.clear()
    SENT.clear()
    house, shop = world.surface.bench, await program(world.surface)
    wanted = {"name": "shop", "uri": "https://shop.example/", "body": EVERYTHING,
              "sensitiveHeaders": {"Authorization": HIDDEN}, "retryIntervals": [1000]}  # fmt: skip
    SHOWN.append((await shop.post(HOOKS, wanted)).json["secret"])
    await house.deploy(PASSCODE_JOURNEY.replace("next: decide", "next: tell", 1))
    down = HttpFailed(reason="nobody answers there", host="shop.example")
    http = ScriptedHttp(down, HttpAnswer(status=500, headers={}, body=RIGHT.encode()))
    outbox = Outbox(outside=house.loop.outside, loop=house.loop, clock=house.clock, http=http)
    for passcode in (WRONG, RIGHT):
        await world.walk_on("passcode-authentication", {"passcode": passcode})
        await outbox.sweep()
        house.wait(seconds=5)
        await outbox.sweep()
    SHOWN.append((await shop.post(f"{HOOKS}/shop/secret/exchange", {})).json["secret"])
    for way in (HOOKS, f"{HOOKS}/shop", "/api/notification-service/deadLetters",
                "/api/process-manager/auditRecords"):  # fmt: skip
        world.answers.append(await shop.get(way))
    SENT.extend(http.sent)


def values_in(sinks: list[tuple[str, bytes]]) -> list[str]:
    """Say where a secret of the webhook was found."""
    assert len(SHOWN) == 2
    return [
        f"{name}: {way}"
        for name, blob in sinks
        for value in (HIDDEN, *SHOWN)
        for way in found(blob, value)
    ]


def test_a_webhooks_secrets_rest_nowhere_and_no_passcode_is_sent(tmp_path: Path) -> None:
    sinks = collect(tmp_path, walk)
    sent = [(f"sent {number}", one.body + one.uri.encode()) for number, one in enumerate(SENT)]

    assert leaks([*sinks, *sent]) == []
    assert values_in([*sinks, *sent]) == []
    assert len(SENT) == 4
    assert all(dict(one.headers)["Authorization"] == HIDDEN for one in SENT)
    whole = b"".join(blob for _, blob in sinks)
    assert b'"status":"DEAD"' in whole
    assert b"job.dead" in whole


@pytest.mark.parametrize("how", ["in a log", "in the reason"])
def test_a_leak_that_is_planted_in_the_sending_is_found(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = DeliveriesOfTenant.send

    async def tells(self: DeliveriesOfTenant, message: object, effect_key: str) -> object:
        if how == "in a log":
            print(HIDDEN)  # noqa: T201 - the planted leak
            return await real(self, message, effect_key)  # type: ignore[arg-type]  # as it came
        raise ValueError(HIDDEN)

    monkeypatch.setattr(DeliveriesOfTenant, "send", tells)
    sinks = collect(tmp_path, walk)

    hits = values_in(sinks)
    assert bool(hits) == (how == "in a log")  # a stranger's fault is named by its kind alone
