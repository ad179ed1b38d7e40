"""The second line (D4): what looks like a secret is blacked out at every sink, and nothing else."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Final

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.responses import Response

import engine
from engine.adapters.encoding import write_state
from engine.adapters.memory import MemoryStore
from engine.cli.command import Failed
from engine.cli.main import main, trustflow
from engine.cli.terminal.page import Terminal, say_json
from engine.logs import JsonLines
from engine.model.event import Ended, Finished
from engine.model.names import MAIN_TENANT, NodeId
from engine.records.record import AuditRow
from engine.redaction import redacted
from engine.run.hop import journal
from engine.run.unit import Unit
from engine.secret import Secret
from engine.testing import NOON, FrozenClock, SeededChance, an_instance
from engine.web import build_web
from engine.web.answers import api_error
from engine.web.gate.door import Door
from engine.web.request import Ask
from tests.cli.shell import ROOT, surroundings
from tests.web.surface import Answer, Surface, journeys_of, play, send

VALUE: Final = SeededChance(7).token()
DASHED: Final = "--" + VALUE[2:]
INSTANCE: Final = "01K9ABCDEFGHJKMNPQRSTVWXYZ"
SHAPES: Final = {
    "a link's secret": f"pt_{VALUE}",
    "a link": f"https://id.example/web/trustweb?pt=pt_{VALUE}&lang=en",
    "an app's link": f"/web/trustweb?ps=https%3A%2F%2Fid.example%2Fx%3Fpi%3D{INSTANCE}.{VALUE}",
    "a start ticket": f"startProcess?pi={INSTANCE}.{VALUE}",
    "a ticket alone": f"the ticket {INSTANCE}.{VALUE}",
    "a quoted one": f"%2F{VALUE}%2F",
    "a session cookie": f"__Host-tf-01K9ABCDEFGH={VALUE}; Max-Age=3600; Path=/",
    "a cookie header": f"Cookie: tf-01K9ABCDEFGH={VALUE}; other={VALUE}x",
    "a stored hash": f"$argon2id$v=19$m=19456,t=2,p=1,keyid=k1-ab12$c2FsdHNhbHQ${VALUE}",
    "a header": f"Authorization: Bearer {VALUE}",
    "another scheme": f"authorization: Secret {VALUE}y",
    "a header of a dict": repr({"Authorization": f"Bearer {VALUE}"}),
    "a header of a scope": repr([(b"authorization", f"Bearer {VALUE}".encode())]),
    "a header in JSON in JSON": json.dumps(json.dumps({"authorization": f"Token {VALUE}z"})),
    "bearer alone": f"got bearer {VALUE}",
    "a JWT": f"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{VALUE}",
    "a private key": f"-----BEGIN EC PRIVATE KEY-----\nMII{VALUE}\n{VALUE}\n-----END EC PRIVATE",
    "a value behind a line's end": f"\n{VALUE}",
    "a value behind another sign": f"\N{LEFT DOUBLE QUOTATION MARK}{VALUE}",
    "a password in an address": f"postgresql://trustflow:{VALUE}!@db.example.org/trustflow",
    "a form token": f'name="_token" value="{VALUE}"',
    "a value that begins with dashes": f"session {DASHED}",
}
PLAIN: Final = [
    "01K9ABCDEFGHJKMNPQRSTVWXYZ", "f" * 64, "A" * 43, "a" * 42 + "B" + "c",
    "attempt_limit_of_one_account_was_reached_today", "https=1 maps=2 pits=3",
    "Basic authentication is switched off", "the cookie was lost", "authorization is missing",
    "/web/instances/{instance}", "sha384-" + "aB3/" * 16, "TF-7K2M-94QX", "tf-demo",
    "http://127.0.0.1:8321/a@b", "https://id.example.org:8321", "http://[::1]:8321",
]  # fmt: skip


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_what_looks_like_a_secret_is_blacked_out(text: str) -> None:
    shown = redacted(f"before {text} after")

    assert VALUE[2:] not in shown
    assert "***" in shown
    assert shown.startswith("before ")
    assert redacted(shown) == shown


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_so_it_is_in_json(text: str) -> None:
    for written in (json.dumps([text]), json.dumps([text], ensure_ascii=False)):
        shown = redacted(written)

        assert VALUE[2:] not in shown
        assert len(json.loads(shown)) == 1


@pytest.mark.parametrize("text", PLAIN)
def test_what_does_not_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


def test_what_is_meant_for_the_reader_stays() -> None:
    link = SHAPES["a link"]

    shown = redacted(f"{link} and pt_{VALUE[::-1]}", own=(link,))

    assert shown == f"{link} and pt_***"


pieces = st.one_of(
    st.text(),
    st.text(alphabet='aB3-_\x1f\x08\n\\"é%', min_size=30, max_size=50),
    st.sampled_from([*SHAPES.values(), *PLAIN, '"', "\\", "{", "}"]),
)
facts = st.dictionaries(
    st.sampled_from(["authorization", "cookie", "x"]), st.one_of(pieces, st.integers())
)


@example("\x1f" + "0" * 37 + "A", {})
@given(st.lists(pieces).map("".join), facts)
def test_json_stays_json_and_no_shape_survives(text: str, more: dict[str, object]) -> None:
    shown = redacted(json.dumps({"event": text, **more, "last": 1}))

    assert json.loads(shown)["last"] == 1
    assert f"pt_{VALUE}" not in shown


def test_a_line_of_any_text_costs_linear_time() -> None:
    parts = ("pt=", "authorization: ", "-----BEGIN ", "eyJ" + "a" * 20 + ".", "a" * 42 + " ", "tf-")
    for part in parts:
        text = part * (100_000 // len(part))
        begun = process_time()

        redacted(text)

        assert process_time() - begun < 1, part


def test_log_blacks_out() -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, f"began by pt_{VALUE}", None, None)
    record.facts = {"cookie": f"tf-01K9ABCDEFGH={VALUE}", "held": Secret(VALUE)}

    line = json.loads(JsonLines().format(record))

    assert (line["event"], line["held"]) == ("began by pt_***", "***")
    assert VALUE not in json.dumps(line)


def test_audit_row_blacks_out() -> None:
    unit = Unit(MemoryStore(FrozenClock()), MAIN_TENANT)

    unit.audit(AuditRow(id="A", at=NOON, actor="x", action="y", subject="z",
                        facts={"link": SHAPES["a link"], "version": "1"}))  # fmt: skip

    (row,) = unit.staged().audit
    assert row.facts == {"link": "https://id.example/web/trustweb?pt=***&lang=en", "version": "1"}


def test_terminal_blacks_out_but_for_what_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(width=80, coloured=False)

    terminal.say(SHAPES["a link"])
    terminal.facts([("token", f"pt_{VALUE}")])
    say_json({"a": SHAPES["a stored hash"]})
    hidden = capsys.readouterr().out
    terminal.show_once(SHAPES["a link"])
    say_json({"link": SHAPES["a link"]}, shown_once=(SHAPES["a link"],))
    shown = capsys.readouterr().out

    assert VALUE not in hidden
    assert hidden.count("***") == 3
    assert shown.count(VALUE) == 2


def test_commands_error_blacks_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object, **named: object) -> None:
        message = f"cannot open {SHAPES['a link']}"
        raise Failed(message)

    monkeypatch.setattr(trustflow, "main", fail)
    with pytest.raises(SystemExit):
        main([])

    assert "pt=***" in capsys.readouterr().err


CRASH: Final = """
import sys
from engine.cli import main
def broken(*given, **named):
    passcode = sys.argv[1]
    raise ValueError(passcode)
main.trustflow.main = broken
main.main([])
"""


def test_crash_says_where_and_not_what() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRASH, "orbit-cactus-velvet-lantern"],
        cwd=ROOT, env=surroundings(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert "main.py:" in done.stderr
    assert "orbit-cactus" not in done.stderr
    assert "raise ValueError(passcode)" not in done.stderr


@pytest.mark.parametrize("path", ["/api/telling", "/rtas/telling"])
def test_error_of_the_api_blacks_out(path: str) -> None:
    async def tell(ask: Ask) -> Response:
        return api_error(ask, "fields", details=[{"field": "a", "message": SHAPES["a link"]}])

    async def story(house: Surface) -> Answer:
        door = Door(path=path, method="GET", permission="anybody", rule="none", answer=tell)
        return await send(build_web(journeys_of(house), house.config, (door,)), "GET", path)

    answer = play(story)

    assert VALUE not in answer.text
    assert answer.json["message"] == "Some answers cannot be taken."


def test_error_page_blacks_out_all_but_the_persons_own_link_and_still_works() -> None:
    async def story(house: Surface) -> Answer:
        return await house.browser().open(f"pt_{VALUE}&lang=pt-PT")

    page = play(story)
    nonce = re.search(r"'nonce-([^']+)'", page.header("content-security-policy"))

    assert page.status == 404
    assert nonce is not None
    assert f'nonce="{nonce[1]}"' in page.text
    assert f"pt=pt_{VALUE}" in page.text, "the same page in another language"


def test_error_page_blacks_out_what_is_not_the_persons() -> None:
    async def story(house: Surface) -> Answer:
        told = replace(house.config, app_name=f"Farol pt_{VALUE}")
        house.app = build_web(journeys_of(house), told)
        return await house.browser().open("pt_" + "x" * 43)

    page = play(story)

    assert VALUE not in page.text
    assert "pt_***" in page.text


def _as_journal(secret: Secret) -> object:
    held = Ended(outputs={"passcode": secret})  # type: ignore[dict-item]  # the mistake
    event = Finished(at=NOON, node=NodeId("x"), visit=1, outcome=held)
    return journal.rows(an_instance(), [event], SeededChance())


def _as_state(secret: Secret) -> object:
    return write_state(an_instance(variables={"passcode": [secret]}))


def _as_record(secret: Secret) -> object:
    row = AuditRow(id="A", at=NOON, actor="x", action="y", subject="z", facts={"a": secret})  # type: ignore[dict-item]  # the mistake
    return msgspec.json.encode(row)


@pytest.mark.parametrize("encode", [_as_journal, _as_state, _as_record])
def test_an_encoder_refuses_a_secret(encode: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError, match="Secret"):
        encode(Secret(VALUE))


def test_no_encoder_of_ours_is_taught_to_write_what_it_does_not_know() -> None:
    (root,) = engine.__path__
    hooks = re.compile(r"enc_hook|default=(?:str|repr|vars)")

    found = {
        path.relative_to(root).as_posix()
        for path in Path(root).rglob("*.py")
        if hooks.search(path.read_text(encoding="utf-8"))
    }

    assert found == {"logs.py"}, "the log alone may, and writes `***`"
