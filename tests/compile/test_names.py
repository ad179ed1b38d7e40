"""A slip of the pen in a name is answered with the name that was meant."""

from collections.abc import Iterator
from pathlib import Path
from time import process_time

from engine.compile import Source, check_definition
from engine.compile.reading.document import Document, Written
from engine.compile.reading.yaml_text import read_yaml
from engine.nearest import nearest
from tests.compile.palette import KNOWN

ROOT = Path(__file__).parents[2]
SHIPPED = (ROOT / "definitions/passcode-authentication.yaml").read_text()
FORM = "passcode-authentication.v1"
FORMS = {FORM: Source(path=f"{FORM}.json", text=(ROOT / f"forms/{FORM}.json").read_bytes())}
FREE = {"process", "version", "title", "languages", "maxDuration", "retention", "after", "name"}
FREE |= {"passcodeKey", "storeName", "maxAttempts", "dataFormVersion", "formDataKey", "required"}
FREE |= {"userKey", "userExternalId", "firstName"}
"""Keys whose value is the author's own."""


def names(document: Document) -> Iterator[tuple[str, int]]:
    """Give every name of the file that must be known, and where it begins."""
    yield from _names(document, document.root)


def _names(document: Document, written: Written) -> Iterator[tuple[str, int]]:
    lines = document.text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:n])) for n in range(len(lines))]
    for key, (line, column) in written.keys.items():
        yield key, starts[line - 1] + column - 1
        inner = written.entries[key]
        if isinstance(inner.value, str) and key not in FREE:
            yield inner.value, inner.span[0]
        yield from _names(document, inner)


def slips(name: str) -> Iterator[str]:
    """Give single edits of a name: a letter dropped, doubled, replaced, or exchanged."""
    for n in range(len(name)):
        yield name[:n] + name[n + 1 :]
        yield name[:n] + name[n] + name[n:]
        yield name[:n] + "x" + name[n + 1 :]
        if n and name[n - 1] != name[n]:
            yield name[: n - 1] + name[n] + name[n - 1] + name[n + 1 :]


def test_nineteen_of_twenty_slips_are_answered_with_the_right_name() -> None:
    document = read_yaml(Source(path="t.yaml", text=SHIPPED.encode()))
    assert isinstance(document, Document)
    answered = tried = 0

    for number, (name, start) in enumerate(names(document)):
        for slip in list(slips(name))[number % 3 :: 3]:
            text = SHIPPED[:start] + slip + SHIPPED[start + len(name) :]
            found = check_definition(Source(path="t.yaml", text=text.encode()), KNOWN, FORMS)
            tried += bool(found.problems)
            answered += any(p.nearest in (name, slip) for p in found.problems)

    assert tried > 500
    assert answered / tried >= 0.95


def test_a_name_that_is_nothing_like_any_other_has_no_nearest() -> None:
    assert nearest("zzz", ["begin", "ask"]) is None
    assert nearest("b" * 81, ["b" * 80]) is None
    assert nearest("BEGIN", ["begin", "begun"]) == "begin"


def test_two_slips_in_a_long_name_are_one_slip_of_the_pen() -> None:
    assert nearest("verifyPascodes", ["verifyPasscode", "verify"]) == "verifyPasscode"
    assert nearest("vreifyPassocde", ["verifyPasscode", "verify"]) == "verifyPasscode"
    assert nearest("vreifyPasocdes", ["verifyPasscode", "verify"]) is None
    assert nearest("on", ["up", "off"]) is None


def test_many_unknown_names_are_all_told_and_the_first_of_them_answered() -> None:
    ways = "".join(f"  n{i}: {{gateway: exclusive, next: node{i:03}longx}}\n" for i in range(200))
    ends = "".join(f"  node{i:03}long: {{activity: End}}\n" for i in range(200))
    head = SHIPPED[: SHIPPED.index("flow:")]
    text = f"{head}flow:\n  start: {{activity: Start, next: n0}}\n{ways}{ends}"
    began = process_time()

    found = check_definition(Source(path="t.yaml", text=text.encode()), KNOWN, FORMS).problems

    assert process_time() - began < 2
    near = [p.nearest for p in found if p.rule == "L102"]
    assert near[:50] == [f"node{i:03}long" for i in range(50)]
    assert near[50:] == [None] * 150
