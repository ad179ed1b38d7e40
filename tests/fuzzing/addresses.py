"""Return addresses: what is taken leads below a registered one, however a browser or server reads.

The second reading is `browsers.py`, and the same again for servers that decode once or twice more
or cut what stands behind a semicolon.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import unquote

from engine.run.redirects import is_allowed
from tests.fuzzing.browsers import read, straight
from tests.fuzzing.dice import Dice
from tests.fuzzing.noise import Noise
from tests.fuzzing.running import Case
from tests.run.test_redirects import ALLOWED, REFUSED, TAKEN

PIECES: Final = (
    "/", "//", "\\", "/..", "/../", "/./", "..;", "%2e", "%2E%2e", "%2f", "%5c", "%252e", "%25",
    "%00", "%09", "%0a", "%c0%ae", "%ef%bc%8f", "@", ":", ":443", ":80", ":0", ":65536", "?", "#",
    "\t", "\n", "\r", " ", "\x00", "\u3002", "\uff0f", "\uff0e", "\u2044", "\u202e", "\xad", "ß",
    ".evil.example", "evil.example", "shop.example", "app/", "https:", "http:", "HTTPS:", "ftp:",
    "javascript:", "data:", "file:", "blob:", "https://", "[::1]", "0x7f.1", "127.1", "localhost",
    "user:pass@", "{PROCESS_INSTANCE_ID}", "%7BPROCESS_DNF_NAME%7D", ";a=b", "&", "=", "'", '"',
    "<script>", "xn--", "-", ".", "..", "a", "b/c",
)  # fmt: skip
Allows = Callable[[str, Sequence[str]], bool]


class Addresses:
    """Judges return addresses. `allows`: who decides; a test puts a wrong one in its place."""

    name = "addresses"
    planned = 500_000

    def __init__(self, allows: Allows = is_allowed) -> None:
        self._allows = allows
        self._noise = Noise(others=(*TAKEN, *REFUSED), pieces=PIECES, stretches=(2, 9, 300))

    def make(self, dice: Dice) -> Case:
        """Worsen a right one, a wrong one, or one built of pieces."""
        if dice.below(8):
            text = dice.pick(TAKEN if dice.below(4) else REFUSED)
        else:
            text = dice.pick(ALLOWED) + "".join(dice.pick(PIECES) for _ in range(dice.below(6)))
        return Case("address", self._noise.worsen(dice, text, dice.below(4) or None))

    def judge(self, case: Case) -> str:
        """Ask; see where an address that is taken leads."""
        if not self._allows(case.text, ALLOWED):
            return "refused"
        assert any(_is_below(case.text, known) for known in ALLOWED), "it leads elsewhere"
        return "as registered" if case.text in ALLOWED else "below one"


def _is_below(address: str, known: str) -> bool:
    if address == known:
        return True
    ours, theirs = read(known), read(address)
    if ours is None or theirs is None or ours[:3] != theirs[:3] or not known.endswith("/"):
        return False
    return all(path.startswith(ours.path) for path in _as_servers_read(theirs.path))


def _as_servers_read(path: str) -> list[str]:
    """Give a path as it is, decoded once and twice, with and without parameters."""
    once = unquote(path)
    forms = (path, once, unquote(once))
    cut = tuple(re.sub(r";[^/]*", "", form) for form in forms)
    return [straight(re.sub(r"//+", "/", form)) for form in (*forms, *cut)]
