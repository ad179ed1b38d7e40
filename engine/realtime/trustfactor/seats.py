"""Seats: how many of a kind a user may have at a time, held by the store itself.

A count alone would let through what is asked at the same moment (J2). So each takes one of as many
seats, and the store keeps seats unique: of two units that took the same one the slower is refused
and made again.
"""

from __future__ import annotations

from collections.abc import Collection

from engine.ports.outside import Chance


def free_seat(taken: Collection[int | None], most: int, chance: Chance) -> int | None:
    """Pick any seat that is free, so that two at a time seldom pick the same; None: all are taken.

    Rows that were written before there were seats have none, and count as well.
    """
    if len(taken) >= most:
        return None
    free = [seat for seat in range(most) if seat not in taken]
    return free[chance.pick(len(free))]
