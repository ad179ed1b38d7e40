"""Plain SQL with the same rows: the statements of real hops, run again for other instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from engine.adapters.sqlite.kinds import SqlValue
from engine.adapters.sqlite.statements import Statement, of_hop
from engine.adapters.sqlite.writer import Transaction, Work, Writer
from engine.model.names import HopId, InstanceId
from engine.ports.store import Committed, Conflict, Hop

_INSTANCE: Final = "I" * 26
_HOP: Final = "H" * 26
_AFTER: Final = 2_000_000_001
_BEFORE: Final = 2_000_000_000
_NAMES: Final[dict[SqlValue, int]] = {_INSTANCE: 0, _HOP: 1, _AFTER: 2, _BEFORE: 3}


@dataclass(frozen=True, slots=True)
class Stencil:
    """The statements of one real hop, with gaps for instance, hop and revision."""

    parts: tuple[tuple[str, tuple[SqlValue, ...], tuple[tuple[int, int], ...], str | None], ...]

    @classmethod
    def of(cls, hop: Hop) -> Stencil:
        """Cut it out of a hop."""
        named = replace(hop.instance, id=InstanceId(_INSTANCE), revision=_AFTER)
        marked = Hop(
            id=HopId(_HOP),
            instance=named,
            before=None if hop.before is None else _BEFORE,
            rows=hop.rows,
            staged=hop.staged,
            redeem=hop.redeem,
        )
        return cls(tuple(_part(statement) for statement in of_hop(marked)))

    def filled(self, instance: str, hop: str, revision: int) -> list[Statement]:
        """Fill it in for a commit that leads to `revision`."""
        names = (instance, hop, revision, revision - 1)
        filled = []
        for sql, values, gaps, refused in self.parts:
            given = list(values)
            for place, name in gaps:
                given[place] = names[name]
            filled.append(Statement(sql, tuple(given), refused))
        return filled


def _part(
    statement: Statement,
) -> tuple[str, tuple[SqlValue, ...], tuple[tuple[int, int], ...], str | None]:
    gaps = tuple(
        (place, _NAMES[value])
        for place, value in enumerate(statement.values)
        if not isinstance(value, bytes) and value in _NAMES
    )
    return statement.sql, statement.values, gaps, statement.refused


async def commit(writer: Writer, statements: list[Statement]) -> None:
    """Commit statements as one change, in the writer's group."""

    def work(transaction: Transaction) -> Committed:
        for statement in statements:
            transaction.run(statement)
        return Committed()

    done: Work[Committed] = work
    found = await writer.do(done)
    assert not isinstance(found, Conflict), found
