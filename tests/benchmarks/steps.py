"""Form steps through HTTP, durable, beside a bare Starlette handler with the same writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.app import open_application
from engine.settings import Settings
from tests.benchmarks import bare, servers, texts
from tests.benchmarks.houses import furnished
from tests.benchmarks.measure import Effort, Row, in_turn, middle
from tests.benchmarks.walkers import Answer, Crowd, Gate, Script, Shown, crowd, request

CONNECTIONS = 64
CREATE = "/api/process-manager/processInstances/create?pt="
START = "/api/process-server/startProcess?pi="
STEPS = "/api/process-server/processInstances"
DATA = json.dumps(texts.PERSON)


async def steps(effort: Effort) -> list[Row]:
    """Measure both servers in turn, 64 clients each."""
    with TemporaryDirectory() as folder:
        ours, plainly = Path(folder) / "ours", Path(folder) / "plain"
        plainly.mkdir()
        secret = await deployed(ours, texts.LOOP)
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(servers.served(ours))
            other = await stack.enter_async_context(servers.bare(plainly, CONNECTIONS))
            walkers = await crowd(server.port, [walking(secret)] * CONNECTIONS)
            others = await crowd(other.port, [bare_walking(n) for n in range(CONNECTIONS)])
            await walkers.walk(effort.seconds / 2)
            await others.walk(effort.seconds / 2)
            mine, bares = Side(server, walkers, effort), Side(other, others, effort)
            fast, slow = await in_turn(effort, mine.walk, bares.walk)
            walkers.leave()
            others.leave()
    return [
        Row(
            name="form steps through HTTP, durable",
            unit="/s",
            ours=middle(fast),
            baseline=middle(slow),
            bar=0.6,
            note=f"{CONNECTIONS} clients; server CPU {middle(mine.cpu):.0f} us a step,"
            f" baseline (bare Starlette, the same writes) {middle(bares.cpu):.0f}",
        )
    ]


class Side:
    """One server and its clients: the rate of a window, and the CPU time of one thing done."""

    def __init__(self, server: servers.Server, walkers: Crowd, effort: Effort) -> None:
        self._server, self._walkers, self._seconds = server, walkers, effort.seconds
        self.cpu: list[float] = []

    async def walk(self) -> float:
        """Measure one window."""
        before = self._server.cpu_seconds()
        rate = await self._walkers.walk(self._seconds)
        self.cpu.append((self._server.cpu_seconds() - before) / (rate * self._seconds) * 1e6)
        return rate


async def deployed(data: Path, text: str) -> str:
    """Make a data folder with a definition; give the secret of its token."""
    application = await open_application(Settings(data=data))
    one = await furnished(application, text)
    await application.close()
    return one.token.secret


def started(secret: str) -> Generator[bytes, Answer, tuple[Shown, str]]:
    """Create an instance and start it; give its first screen and its id."""
    made = yield request(CREATE + secret)
    assert made.status == 201, made
    address = json.loads(made.body)["redirectUrl"].rpartition("pi%3D")[2]
    begun = yield request(START + address)
    return begun.shown(), address.partition(".")[0]


def walking(secret: str) -> Callable[[Gate], Script]:
    """Answer the forms of one instance for ever."""

    def script(gate: Gate) -> Script:
        shown, instance = yield from started(secret)
        bearer = shown.sessionToken or ""
        while True:
            body = f'{{"revision":{shown.revision},"data":{DATA}}}'.encode()
            answer = yield request(f"{STEPS}/{instance}/steps/{shown.stepKey}", body, bearer)
            before, shown = shown.revision, answer.shown()
            assert shown.revision == before + 1, answer
            gate.tell()

    return script


def bare_walking(number: int) -> Callable[[Gate], Script]:
    """Send the same to the bare handler."""

    def script(gate: Gate) -> Script:
        shown = Shown(revision=bare.FIRST_REVISION, stepKey="first.1")
        while True:
            body = f'{{"revision":{shown.revision},"data":{DATA}}}'.encode()
            path = f"{STEPS}/{bare.instance_of(number)}/steps/{shown.stepKey}"
            answer = yield request(path, body, "x" * 43)
            before, shown = shown.revision, answer.shown()
            assert shown.revision == before + 1, answer
            gate.tell()

    return script
