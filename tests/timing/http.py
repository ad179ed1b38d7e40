"""The same question over HTTP: a real server process, one connection, completions in pairs.

`python -m tests.timing.http PAIRS`. Only the completion is timed; the session is begun before, and
failed tries are taken back after, so that every pair meets the same (security B6).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, Final

from tests.bench import ROOT, WRONG
from tests.timing.welch import BOUND, are_apart, t_of

PAIRS: Final = 300
RUNS: Final = 10
PLANTED_PAIRS: Final = 300
STORE: Final = "/api/identity-store/stores/customers"
BASE: Final = "wrong passcode"
CAUSES: Final = {
    BASE: ("wrong-passcode", "default"),
    "unknown user": ("nobody", "default"),
    "locked": ("locked", "default"),
    "throttled": ("throttled", "default"),
    "expired": ("expired", "default"),
    "none registered": ("none-registered", "default"),
    "disabled user": ("disabled", "default"),
    "wrong policy": ("wrong-passcode", "other"),
}
"""Cause -> who is meant, under what policy. The store hides who is not there."""


@dataclass(slots=True)
class Client:
    """One connection to the server."""

    connection: HTTPConnection
    token: str

    def seconds(self, cause: str, planted: str = "none") -> float:
        """Fail once by a cause; give how long the answer took."""
        user, policy = CAUSES[cause]
        begins = f"{STORE}/users/{user}/passcodes/authentications/{policy}/ext"
        session = self.call("POST", begins, {})["sessionId"]
        way = f"{STORE}/passcodes/authentications/sessions/{session}"
        began = time.perf_counter()
        answer = self.call("POST", way, {"passcode": WRONG}, planted=planted)
        took = time.perf_counter() - began
        assert answer["code"] == 2615, answer
        self.connection.request("POST", "/", headers={"X-Planted": "forget"})
        self.connection.getresponse().read()
        return took

    def call(self, method: str, path: str, body: object, *, planted: str = "none") -> Any:
        """Call, and read the answer."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "X-Planted": planted,
        }
        self.connection.request(method, path, json.dumps(body), headers)
        return json.loads(self.connection.getresponse().read())


@contextmanager
def client(hashes: str) -> Iterator[Client]:
    """Start a server whose hashes are `cheap` or at the `floor`, connect to it, end it."""
    command = [sys.executable, "-m", "tests.timing.server", hashes]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            told = json.loads(server.stdout.readline())
            connection = HTTPConnection("127.0.0.1", told["port"], timeout=10)
            yield Client(connection, told["token"])
            connection.close()
        finally:
            server.terminate()


def compared(
    asked: Client, cause: str, pairs: int, planted: str = "none"
) -> tuple[list[float], list[float]]:
    """Time a wrong passcode and a cause in turn; what is planted is planted in the cause."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs):
        for place in (0, 1) if number % 2 else (1, 0):
            kind = (BASE, cause)[place]
            times[place].append(asked.seconds(kind, planted if place else "none"))
    return times


def main() -> int:
    """Compare every cause, then what is planted; 1 where one is told apart or the other is not."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    fine = []
    with client("floor") as asked:
        for cause in [cause for cause in CAUSES if cause != BASE]:
            t = t_of(*compared(asked, cause, pairs))
            if abs(t) >= BOUND:  # seen once more before it counts: a machine has its moods
                t = t_of(*compared(asked, cause, pairs))
            fine.append(abs(t) < BOUND)
            say(f"| over HTTP, hashes at the floor | {cause} | {pairs:,} | {t:+.2f} |")
    with client("cheap") as asked:
        for planted in ("late", "early"):
            runs = (compared(asked, "locked", PLANTED_PAIRS, planted) for _ in range(RUNS))
            found = sum(are_apart(*times) for times in runs)
            fine.append(found == RUNS)
            say(f"| over HTTP, planted {planted} | {found} of {RUNS} runs | {PLANTED_PAIRS} | |")
    return 0 if all(fine) else 1


def say(text: str) -> None:
    """Print, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
