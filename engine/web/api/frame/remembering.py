"""Idempotency-Key: the same creation call, asked again, is answered again and does nothing twice.

What was answered is kept, sealed, for a day, in the very commit that made what it tells of. Another
call under the same key is refused: 422, as the draft of the IETF (idempotency-key-header) says.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from engine.ports.outside import Purpose
from engine.records.access import KeptAnswer
from engine.records.record import Absent
from engine.secret import digest
from engine.web.answers import json_answer, json_bytes
from engine.web.api.frame.operation import Answered, Call, Stopped
from engine.web.request import Ask

PURPOSE: Final[Purpose] = "answers"
KEPT: Final = timedelta(days=1)
HEADER: Final = "idempotency-key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
BAD_KEY: Final = (
    {"field": "Idempotency-Key", "message": "use 1 to 255 visible ASCII characters, once"},
)
_BAD: Final = Stopped(kind="invalid", details=BAD_KEY)


class Remembered:
    """One call under a key: where its answer is kept, and what was asked."""

    def __init__(self, ask: Ask, operation: str, key: str, raw: bytes) -> None:
        scope = ask.request.scope
        self._ask = ask
        self.id = digest(f"{ask.program.name}|{operation}|{key}")
        words = [scope["method"].encode(), scope["path"].encode(), scope["query_string"], raw]
        self._asked = digest("|".join(digest(word.decode("latin-1")) for word in words))

    async def again(self) -> Response | Stopped | None:
        """Give what was answered before; or why this is another call; None for the first time."""
        kept = await self._ask.web.journeys.offices.store.get(
            self._ask.program.tenant, KeptAnswer, self.id
        )
        if kept is None:
            return None
        if kept.asked != self._asked:
            return Stopped(kind="reused")
        vault = self._ask.web.journeys.vault
        body = vault.unseal(PURPOSE, kept.body, self.id.encode())
        return json_bytes(body, status=kept.status, headers={"Idempotency-Replayed": "true"})

    def keep(self, call: Call[object, object], answered: Answered, status: int) -> None:
        """Stage what is answered, to be written with what was made."""
        body = json_answer(answered.body).body
        sealed = self._ask.web.journeys.vault.seal(PURPOSE, bytes(body), self.id.encode())
        row = KeptAnswer(
            id=self.id,
            asked=self._asked,
            status=status,
            body=sealed,
            expires_at=call.actor.at + KEPT,
        )
        call.unit.put(row, Absent())


def remembered(ask: Ask, operation: str, raw: bytes) -> Remembered | Stopped | None:
    """Read the header: None where it is not there."""
    given = ask.request.headers.getlist(HEADER)
    if not given:
        return None
    if len(given) != 1 or not _KEY.fullmatch(given[0]):
        return _BAD
    return Remembered(ask, operation, given[0], raw)
