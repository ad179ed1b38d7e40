"""No passcode and no link comes out of a command or of a server's log; planted leaks are found."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from engine.app import Application, open_application
from engine.identity.passcodes import register
from engine.identity.policies import policy_id
from engine.identity.users import by_ext_id
from engine.model.names import JsonObject
from engine.ports.actor import Actor
from engine.records.identity import PasscodePolicy, User
from engine.run.unit import Unit
from engine.secret import Secret
from engine.settings import Settings
from tests.canary.scan import found
from tests.canary.world import RIGHT, WRONG
from tests.cli.callers import Answer, Call, at_once
from tests.cli.shell import DEFINITION, ENTRY, Run, link_in, started, surroundings

pytestmark = pytest.mark.slow

CREATE = "/api/process-manager/processInstances/create"
SERVER = "/api/process-server/processInstances"
TYPED = 'Amsel "Blaukehlchen" & <vogel> 9+9=18 / schön'
SOUND = ("-c", ENTRY)
COMMANDS = (
    ("store", "list"), ("store", "list", "--json"), ("store", "add", "customers"),
    ("user", "list"), ("user", "list", "--json"), ("user", "show", "ines"),
    ("user", "show", "ines", "--json"), ("user", "show", "nobody"), ("user", "add", "ines"),
    ("user", "lock", "ines"), ("user", "unlock", "ines"),
    ("token", "list"), ("token", "list", "--json"), ("token", "revoke", "nothing"),
    ("token", "create", "passcode-authentication", "--param", "userExternalID=ines"),
    ("token", "create", "nothing"),
    ("instance", "list"), ("instance", "list", "--json"), ("instance", "show", "TF-0000-0000"),
    ("doctor",), ("doctor", "--json"), ("activities",), ("activities", "Simple Decider"),
    ("check", DEFINITION), ("check", DEFINITION, "--json"), ("draw", DEFINITION),
    ("deploy", DEFINITION), ("passcode", "register", "ines"),
    ("passcode", "register", "ines", "--suggest"),
)  # fmt: skip


@dataclass(slots=True)
class Told:
    """What came out, by where; and what was handed out meanwhile and must be nowhere else."""

    sinks: list[tuple[str, bytes]] = field(default_factory=list)
    values: set[str] = field(default_factory=set)
    instance: str = ""

    def leaks(self) -> list[str]:
        """Say where a passcode was found, or a value that was handed out."""
        secrets = (RIGHT, WRONG, TYPED, *self.values)
        return [
            f"{name}: {way}"
            for name, blob in self.sinks
            for secret in secrets
            for way in found(blob, secret)
            if not (secret in self.values and name.endswith(".db") and way.startswith("SHA-256"))
        ]


def keep_passcode(data: Path, passcode: str) -> None:
    """Register a passcode for ines as `passcode register` does."""

    async def work(application: Application) -> None:
        unit = Unit(application.store, application.tenant)
        by = Actor(name="test", at=application.clock.now(), chance=application.chance)
        user = await by_ext_id(unit, "customers", "ines")
        policy = await unit.get(PasscodePolicy, policy_id("customers", "default"))
        assert isinstance(user, User)
        assert policy is not None
        pool = application.pool
        await register(unit, by, user, policy=policy, passcode=Secret(passcode), pool=pool)
        await application.store.write(application.tenant, unit.staged())

    async def opened() -> None:
        application = await open_application(Settings(data=data))
        try:
            await work(application)
        finally:
            await application.close()

    asyncio.run(opened())


class Walker:
    """Walks by the JSON API of a served folder."""

    def __init__(self, port: int, told: Told) -> None:
        self._port, self._told = port, told

    def call(self, path: str, body: JsonObject, bearer: str = "") -> JsonObject:
        """Call, and keep what must be nowhere else; the answers are no sink of these tests."""
        (answer,) = at_once(Call(port=self._port, path=path, body=body, bearer=bearer))
        self._keep(answer)
        return answer.json

    def _keep(self, answer: Answer) -> None:
        if "sessionToken" in answer.json:
            self._told.values.add(str(answer.json["sessionToken"]))

    def walk(self, link: str) -> None:
        """Begin, and answer: unread, too long, wrong, right."""
        secret = parse_qs(urlsplit(link).query)["pt"][0]
        made = self.call(f"{CREATE}?pt={secret}", {})
        start = urlsplit(parse_qs(urlsplit(str(made["redirectUrl"])).query)["ps"][0])
        self._told.values |= {secret, start.query.rpartition(".")[2]}
        shown = self.call(f"{start.path}?{start.query}", {})
        self._told.instance = str(shown["processInstanceId"])
        bodies: Sequence[JsonObject] = (
            {"passcode": [RIGHT]}, {RIGHT: WRONG}, {"passcode": RIGHT * 9},
            {"passcode": WRONG}, {"passcode": RIGHT},
        )  # fmt: skip
        bearer = str(shown["sessionToken"])
        for body in bodies:
            if shown["stepKey"] is None:
                return
            path = f"{SERVER}/{self._told.instance}/steps/{shown['stepKey']}"
            answer = self.call(path, {"revision": shown["revision"], "data": body}, bearer)
            shown = answer if "stepKey" in answer else shown


@contextmanager
def served(data: Path, told: Told, program: Sequence[str]) -> Iterator[Walker]:
    """Serve a folder; its outputs are kept."""
    words = ("serve", "--data", data, "--port", "0")
    with started(*words, program=program) as server:
        assert server.process.stderr is not None
        ready = next(line for line in server.process.stderr if '"ready"' in line)
        yield Walker(int(ready.rpartition(":")[2].strip(' "}\n')), told)
        code, said, log = server.interrupt(signal.SIGTERM)
    assert code == 0
    assert log.count('"request"') > 4
    told.sinks += [("serve says", said.encode()), ("serve's log", log.encode())]


def walked(house: Run, data: Path, program: Sequence[str] = SOUND) -> Told:
    """Serve a journey with the passcodes that are looked for, then ask every command."""
    told = Told()
    keep_passcode(data, RIGHT)
    words = ("passcode-authentication", "--param", "userExternalId=ines")
    link = link_in(house("token", "create", *words).stdout)
    with served(data, told, program) as walker:
        walker.walk(link)
    shows = ("instance", "show", told.instance)
    for command in (*COMMANDS, shows, (*shows, "--json")):
        done = house(*command)
        name = " ".join(str(word) for word in command)
        told.sinks += [(name, done.stdout.encode()), (f"{name}, errors", done.stderr.encode())]
    for path in sorted(data.rglob("*")):
        if path.is_file():
            told.sinks.append((path.name, path.read_bytes()))
    return told


def test_commands_and_log_leak_neither_passcode_nor_link_nor_session(
    house: Run, data: Path
) -> None:
    told = walked(house, data)

    assert told.leaks() == []
    assert len(told.values) >= 4, "a link, a ticket, and two session values"
    shown = dict(told.sinks)[f"instance show {told.instance}"].decode()
    assert "Accepted" in shown


@pytest.mark.parametrize(
    ("leak", "sink"),
    [
        ("by_print", "serve says"),
        ("by_log", "serve's log"),
        ("by_message", "instance show"),
        ("by_key", "trustflow.db"),
    ],
)
def test_a_leak_planted_in_an_activity_comes_out_and_is_found(
    house: Run, data: Path, leak: str, sink: str
) -> None:
    told = walked(house, data, ("-m", "tests.canary.leaks", leak))

    assert [where for where in told.leaks() if where.startswith(sink)] != []


def test_a_link_that_a_command_shows_again_is_found(house: Run, data: Path) -> None:
    told = Told()
    words = ("passcode-authentication", "--param", "userExternalId=ines")
    link = link_in(house("token", "create", *words).stdout)
    told.values.add(parse_qs(urlsplit(link).query)["pt"][0])

    told.sinks.append(("token list", f"{house('token', 'list').stdout}\n{link}".encode()))

    assert told.leaks() != []


@pytest.mark.parametrize("repeated", [TYPED, WRONG])
def test_what_is_typed_at_the_prompt_is_not_shown(house: Run, data: Path, repeated: str) -> None:
    words = [sys.executable, *SOUND, "passcode", "register", "ines", "--data", str(data)]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        words, env=surroundings(), text=True, start_new_session=True,
        stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        said = ""
        for typed, asked in ((TYPED, "(not shown)"), (repeated, "once more")):
            while asked not in said:
                said += (letter := process.stderr.read(1))
                assert letter, said
            os.write(ours, f"{typed}\n".encode())
        if repeated != TYPED:
            process.kill()  # it would ask again
        rest, errors = process.communicate(timeout=60)
    os.close(theirs)
    echo = _rest_of(ours)

    told = Told(sinks=[("prompt", f"{said}{rest}{errors}".encode()), ("echo", echo)])
    assert told.leaks() == []
    assert (process.returncode == 0) == (repeated == TYPED)


def _rest_of(terminal: int) -> bytes:
    """Read what a terminal still shows, and close it."""
    shown = b""
    try:
        while piece := os.read(terminal, 65_536):
            shown += piece
    except OSError:  # Linux ends a terminal that nobody holds so
        pass
    finally:
        os.close(terminal)
    return shown
