"""Who verifies a step, and what it costs an account: the pure part of `claim_and_charge`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from engine.model.names import AccountKey, HopId
from engine.ports.store import Attempts, Capped, Charge, Charged, Claimed

CLAIM_LIFE: Final = timedelta(seconds=10)
"""How long a step stays claimed by a request that says nothing more (design 3.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who verifies a step, until when, and whether that account was charged for it."""

    revision: int
    owner: HopId
    account: AccountKey
    charged: bool
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request for the step at `revision`, at the store's time `now`."""

    revision: int
    owner: HopId
    account: AccountKey
    charge: Charge
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The claim to keep, and the ledger's row to keep (None: as it was)."""

    answer: Charged | Capped
    claim: Claim
    ledger: Attempts | None


def take(asked: Asked, held: Claim | None, before: Attempts | None) -> Taken | Claimed:
    """Take the step's claim, unless another request holds it, and charge the account.

    An owner that comes again for the same account is not charged twice, also at a later revision.

    Args:
        asked: The request.
        held: The last claim of this instance, living or not.
        before: The account's row in the ledger.
    """
    if held is not None and _keeps_out(held, asked):
        return Claimed()
    if held is not None and (held.owner, held.account) == (asked.owner, asked.account):
        row = before or Attempts(account=asked.account, last_at=asked.now)
        answer = Charged(attempts=row) if held.charged else Capped()
        return Taken(answer=answer, claim=_claim(asked, charged=held.charged), ledger=None)
    after = asked.charge(before, asked.now, asked.account)
    answer = Capped() if after is None else Charged(attempts=after)
    return Taken(answer=answer, claim=_claim(asked, charged=after is not None), ledger=after)


def _claim(asked: Asked, *, charged: bool) -> Claim:
    return Claim(
        revision=asked.revision,
        owner=asked.owner,
        account=asked.account,
        charged=charged,
        until=asked.now + CLAIM_LIFE,
    )


def _keeps_out(held: Claim, asked: Asked) -> bool:
    """Say whether a living claim of this revision is another request's.

    An end further away than a claim lives was written by a clock that ran ahead: it keeps
    nobody out (C5).
    """
    lives = asked.now < held.until <= asked.now + CLAIM_LIFE
    return lives and held.revision == asked.revision and held.owner != asked.owner
