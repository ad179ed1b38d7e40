"""Clients in Python that others wrote: pysignalr and signalrcore, which ask for no version."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from pysignalr.client import SignalRClient
from signalrcore.hub_connection_builder import HubConnectionBuilder

from engine.adapters.system import SystemChance
from tests.clients.conftest import Hub
from tests.web.application import CREATED, SUCCESS

TARGETS = ["ConnectionEstablished", "RegistrationCreatedEvent", "RegistrationSuccessEvent"]
PATIENCE = 15


def test_pysignalr_hears_replay_and_live(hub: Hub) -> None:
    id = SystemChance().id()
    token = hub.end_user_token(id)
    hub.tell(CREATED, id)
    heard: list[tuple[str, Any]] = []

    async def listening() -> None:
        client = SignalRClient(f"{hub.base}/rtas", headers={"Authorization": f"Bearer {token}"})
        is_done = asyncio.Event()

        def hear(target: str) -> Any:
            async def took(given: list[Any]) -> None:
                heard.append((target, given))
                if target == TARGETS[1]:
                    await asyncio.to_thread(
                        hub.tell, SUCCESS, id, close_connection_on_receive=False
                    )
                if target == TARGETS[2]:
                    is_done.set()

            return took

        for target in TARGETS:
            client.on(target, hear(target))
        running = asyncio.create_task(client.run())
        try:
            await asyncio.wait_for(is_done.wait(), PATIENCE)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(listening())

    assert [target for target, _ in heard] == TARGETS
    assert heard[1][1][0]["user_id"] == "john.doe"


def test_signalrcore_hears_replay_and_live(hub: Hub) -> None:
    id = SystemChance().id()
    token = hub.end_user_token(id)
    hub.tell(CREATED, id)
    heard: list[str] = []
    got = {target: threading.Event() for target in TARGETS}

    def hear(target: str) -> Any:
        def took(given: list[Any]) -> None:
            heard.append(target)
            got[target].set()

        return took

    options = {"access_token_factory": lambda: token}
    connection = HubConnectionBuilder().with_url(f"{hub.base}/rtas", options=options).build()
    for target in TARGETS:
        connection.on(target, hear(target))
    connection.start()
    try:
        assert got[TARGETS[1]].wait(PATIENCE)
        hub.tell(SUCCESS, id, close_connection_on_receive=False)
        assert got[TARGETS[2]].wait(PATIENCE)
    finally:
        connection.stop()

    assert heard == TARGETS
