"""Two servers on one data folder: whichever a request meets, there is one hash and one win (K)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from engine.adapters.sqlite import SqliteStore
from engine.adapters.system import SystemClock
from engine.app import DATABASE
from engine.model.names import MAIN_TENANT, InstanceId, JsonObject
from tests.cli.callers import Answer, Call, at_once, one
from tests.cli.shell import Run, Started, link_in, started, surroundings
from tests.web.surface import PERSON, TWO_FORMS

pytestmark = pytest.mark.slow

MANY = 64
CREATE = "/api/process-manager/processInstances/create"
SERVER = "/api/process-server"
PLACES = "8"
"""Hash workers of each server: with their queues a place for each request, so none is sent away."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What both servers hashed to verify something, and how much of it was a dummy."""

    verified: int
    dummies: int


@dataclass(slots=True)
class Pair:
    """Two servers, and what they have counted once they have ended."""

    servers: list[Started]
    ports: list[int]

    def begin(self, link: str) -> JsonObject:
        """Begin a visit at the first server, as an app does."""
        secret = parse_qs(urlsplit(link).query)["pt"][0]
        made = one(Call(port=self.ports[0], path=f"{CREATE}?pt={secret}", body={}))
        start = urlsplit(parse_qs(urlsplit(str(made["redirectUrl"])).query)["ps"][0])
        return one(Call(port=self.ports[0], path=f"{start.path}?{start.query}", body={}))

    def answer_at_once(self, screen: JsonObject, data: list[JsonObject]) -> list[Answer]:
        """Answer one step of one revision with each of these data, in turn at either server."""
        path = f"{SERVER}/processInstances/{screen['processInstanceId']}/steps/{screen['stepKey']}"
        calls = [
            Call(
                port=self.ports[number % 2],
                path=path,
                body={"revision": screen["revision"], "data": each},
                bearer=str(screen["sessionToken"]),
            )
            for number, each in enumerate(data)
        ]
        return at_once(*calls)

    def end(self) -> Counted:
        """End both servers."""
        told = [server.interrupt(signal.SIGTERM) for server in self.servers]
        assert [code for code, _, _ in told] == [0, 0], told
        counts = [tuple(map(int, said.split())) for _, said, _ in told]
        return Counted(*(sum(column) for column in zip(*counts, strict=True)))


@contextmanager
def two_servers(data: Path, fault: str = "sound") -> Iterator[Pair]:
    """Serve one data folder twice."""
    program = ("-m", "tests.cli.counting", fault)
    words = ("serve", "--data", data, "--port", "0")
    surrounded = surroundings(TRUSTFLOW_HASH_WORKERS=PLACES)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(started(*words, env=surrounded, program=program)) for _ in range(2)
        ]
        yield Pair(servers, [_port(server) for server in servers])


def _port(server: Started) -> int:
    assert server.process.stderr is not None
    for line in server.process.stderr:
        if '"ready"' in line:
            return int(line.rpartition(":")[2].strip(' "}\n'))
    message = "a server ended before it was ready"
    raise AssertionError(message)


def is_current_screen(answer: Answer) -> bool:
    """Whether an answer changed nothing and shows where the visit stands."""
    shown = answer.json.get("alreadyAnswered") or answer.json.get("stillChecking")
    return answer.status == 200 and bool(shown)


def journal(data: Path, instance: object) -> list[str]:
    """Read which events an instance took."""

    async def read() -> list[str]:
        store = await SqliteStore.open(data / DATABASE, clock=SystemClock())
        try:
            rows = await store.journal(MAIN_TENANT, InstanceId(str(instance)))
            return [row.kind for row in rows]
        finally:
            await store.close()

    return asyncio.run(read())


def guesses(
    data: Path, house: Run, fault: str, many: int = MANY
) -> tuple[list[Answer], Counted, list[str]]:
    """Let many different passcodes meet one step of one revision."""
    assert house("passcode", "register", "ines", "--suggest").exit_code == 0
    words = ("passcode-authentication", "--param", "userExternalId=ines")
    link = link_in(house("token", "create", *words).stdout)
    with two_servers(data, fault) as pair:
        screen = pair.begin(link)
        told: list[JsonObject] = [{"passcode": f"guess {n} of so many"} for n in range(many)]
        answers = pair.answer_at_once(screen, told)
        counted = pair.end()
    return answers, counted, journal(data, screen["processInstanceId"])


def submits(data: Path, house: Run, fault: str) -> tuple[list[Answer], list[str]]:
    """Let 64 identical answers meet one step of one revision."""
    folder = data.parent / "flows"
    for name, text in (("definitions/two-forms.yaml", TWO_FORMS), ("forms/person.v1.json", PERSON)):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert house("deploy", folder / "definitions/two-forms.yaml").exit_code == 0
    link = link_in(house("token", "create", "two-forms").stdout)
    with two_servers(data, fault) as pair:
        screen = pair.begin(link)
        answers = pair.answer_at_once(screen, [{"name": "Ines"}] * MANY)
        pair.end()
    return answers, journal(data, screen["processInstanceId"])


def test_64_passcodes_at_two_servers_are_one_hash_of_a_real_record_and_63_current_screens(
    house: Run, data: Path
) -> None:
    answers, counted, events = guesses(data, house, "sound")

    assert [answer.status for answer in answers] == [200] * MANY
    assert sum(map(is_current_screen, answers)) == MANY - 1
    assert counted == Counted(verified=1, dummies=0)
    assert events.count("Submitted") == 1


def test_64_identical_answers_at_two_servers_are_one_win(house: Run, data: Path) -> None:
    answers, events = submits(data, house, "sound")

    assert [answer.status for answer in answers] == [200] * MANY
    assert sum(map(is_current_screen, answers)) == MANY - 1
    assert {answer.json["stepKey"] for answer in answers} == {"second.1"}
    assert events.count("Submitted") == 1


def test_servers_that_verify_without_a_claim_are_found(house: Run, data: Path) -> None:
    _, counted, _ = guesses(data, house, "unclaimed", many=12)

    assert counted.verified > 1


def test_servers_that_take_a_refused_commit_for_kept_are_found(house: Run, data: Path) -> None:
    """Which answers meet is chance: a machine that is busy may let them pass one by one."""
    tries = (submits(data, house, "doubled")[0] for _ in range(5))

    assert any(sum(map(is_current_screen, answers)) < MANY - 1 for answers in tries)
