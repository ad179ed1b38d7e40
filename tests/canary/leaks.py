"""Activities that give away what they were trusted with, planted to be found.

    python -m tests.canary.leaks LEAK serve ...

runs `trustflow` with one of them.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

import activities
from engine.activity import Activity, Call, Ended, Passcodes
from engine.cli.main import main
from engine.run.catalogue import Catalogue

COMPLETE: Final = "Complete Passcode Authentication"
Leak = Callable[[Call], Awaitable[Ended]]


def complete_with(run: Leak) -> Catalogue:
    """Our catalogue with another *Complete Passcode Authentication*."""
    ours = [a for a in activities.ALL if a.signature.label != COMPLETE]
    old: Activity = next(a for a in activities.ALL if a.signature.label == COMPLETE)
    return Catalogue.of([*ours, replace(old, run=run)])


async def breaks(call: Call) -> Ended:
    secret = call.secret("passcodeAuthenticationKey", "passcode")
    raise ValueError(f"{call!r} {secret} {secret!r} {call.bag}")


async def breaks_in_a_group(call: Call) -> Ended:
    raise ExceptionGroup("two", [KeyError(str(dict(call.bag))), OSError(repr(call))])


async def by_key(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    return Ended(keys={"passcodeAuthenticationKey": {"was": value}}, result="FAIL",
                 error="FailedPasscodeAuthentication")  # fmt: skip


async def by_message(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    return Ended(error="FailedPasscodeAuthentication", message=value, result="FAIL")


async def by_log(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    logging.getLogger("trustflow.stranger").info(
        "checking %s", base64.b64encode(b"x" + value.encode())
    )
    return Ended(error="FailedPasscodeAuthentication", result="FAIL")


async def by_trace(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    try:
        raise ValueError(value)
    except ValueError:
        logging.getLogger("stranger").exception("it broke")
    return Ended(error="FailedPasscodeAuthentication", result="FAIL")


async def by_print(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    print(value.upper())  # noqa: T201 - the planted leak
    return Ended(error="FailedPasscodeAuthentication", result="FAIL")


async def by_file(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    with tempfile.NamedTemporaryFile("w", delete=False, encoding="utf-16-le") as file:
        file.write(value)
    return Ended(error="FailedPasscodeAuthentication", result="FAIL")


async def by_digest(call: Call) -> Ended:
    value = call.secret("passcodeAuthenticationKey", "passcode").reveal()
    attempt = call.slot("passcodeAuthenticationKey").value
    seen = hashlib.sha1(value.encode(), usedforsecurity=False).hexdigest()
    await call.use(Passcodes).bounds(attempt)
    return Ended(error="FailedPasscodeAuthentication", message=seen, result="FAIL")


LEAKS: Final[Mapping[str, Leak]] = {
    leak.__name__: leak
    for leak in (by_key, by_message, by_log, by_trace, by_print, by_file, by_digest)
}

if __name__ == "__main__":
    planted = complete_with(LEAKS[sys.argv[1]])
    setattr(Catalogue, "installed", lambda: planted)  # noqa: B010 - where the wiring looks
    main(sys.argv[2:])
