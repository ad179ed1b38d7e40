"""Which modules are given mistakes, and which tests are there to find them."""

from __future__ import annotations

from typing import Final

_ENTRY: Final = (
    "tests/run/test_begin_keys.py", "tests/run/test_session_values.py",
    "tests/run/test_refused_at_the_door.py", "tests/run/test_promises.py",
    "tests/run/test_token_office.py",
    "tests/run/test_entering.py", "tests/run/test_lost_answers.py", "tests/run/test_operators.py",
    "tests/run/test_journey.py", "tests/web/test_api.py", "tests/web/test_doors.py",
    "tests/web/test_devices.py", "tests/web/test_resuming.py",
)  # fmt: skip
_IDENTITY: Final = (
    "tests/identity/test_attempts.py", "tests/identity/test_attempts_bounds.py",
    "tests/identity/test_authentication.py", "tests/identity/test_choosing.py",
    "tests/identity/test_devices.py", "tests/identity/test_equal_work.py",
    "tests/identity/test_verdicts.py", "tests/identity/test_passcode_rows.py",
    "tests/identity/test_passcodes.py", "tests/run/test_choosing.py", "tests/run/test_journey.py",
    "tests/run/test_rotation.py", "tests/web/test_devices.py",
)  # fmt: skip
_LEDGER: Final = (
    "tests/contracts/test_ledger.py", "tests/contracts/test_instances.py",
    "tests/contracts/test_records.py", "tests/contracts/test_erasure.py",
    "tests/adapters/test_sqlite_batches.py", "tests/adapters/test_sqlite_database.py",
    "tests/adapters/test_statements.py", "tests/adapters/test_claims.py",
    "tests/contracts/test_neighbours.py",
)  # fmt: skip
_LOOP: Final = (
    "tests/run/test_chain_erased.py", "tests/run/test_stale_buttons.py",
    "tests/run/test_loop_ends.py",
    "tests/run/test_journey.py", "tests/run/test_chain.py", "tests/run/test_due.py",
    "tests/run/test_operators.py", "tests/run/test_promises.py", "tests/run/test_limits.py",
    "tests/run/test_lost_answers.py", "tests/run/test_pump.py", "tests/run/test_parts.py",
    "tests/run/test_missing_activity.py", "tests/run/test_capabilities.py",
    "tests/web/test_journey.py", "tests/web/test_doors.py", "tests/web/test_resuming.py",
)  # fmt: skip
_REDACTION: Final = (
    "tests/test_redaction.py", "tests/test_redaction_shapes.py", "tests/test_logs.py"
)  # fmt: skip
_DOORS: Final = (
    "tests/web/test_forgery.py", "tests/web/test_journey.py", "tests/web/test_doors.py",
    "tests/web/test_devices.py", "tests/web/test_resuming.py",
)  # fmt: skip

TESTS: Final[dict[str, tuple[str, ...]]] = {
    "engine/secret.py": ("tests/test_secret.py",),
    "engine/redaction.py": _REDACTION,
    "engine/adapters/claims.py": _LEDGER,
    "engine/adapters/sqlite/ledger.py": _LEDGER,
    "engine/adapters/sqlite/statements.py": _LEDGER,
    "engine/adapters/sqlite/writer.py": _LEDGER,
    "engine/identity/attempts.py": _IDENTITY,
    "engine/identity/authentication.py": _IDENTITY,
    "engine/identity/devices.py": _IDENTITY,
    "engine/identity/passcodes.py": _IDENTITY,
    "engine/identity/choosing.py": _IDENTITY,
    "engine/run/hop/journal.py": _LOOP,
    "engine/run/hop/making.py": _LOOP,
    "engine/run/loop.py": _LOOP,
    "engine/run/sessions.py": _ENTRY,
    "engine/run/entry/again.py": _ENTRY,
    "engine/run/entry/answers.py": _ENTRY,
    "engine/run/entry/begin_keys.py": _ENTRY,
    "engine/run/entry/entering.py": _ENTRY,
    "engine/run/entry/links.py": _ENTRY,
    "engine/run/entry/redeem.py": _ENTRY,
    "engine/run/entry/returning.py": _ENTRY,
    "engine/run/entry/tickets.py": _ENTRY,
    "engine/run/entry/tokens.py": _ENTRY,
    "engine/run/entry/visits.py": _ENTRY,
    "engine/web/gate/auth.py": _DOORS,
}
"""Module -> the tests of its rooms; modules with the same ones share a session.

Those that start processes or a server are left out: a mistake lives in the process that it was
planted in.
"""

SECONDS_FOR_ONE: Final = 8.0
"""What the tests that are run against one mistake take together, of every file its quickest."""
