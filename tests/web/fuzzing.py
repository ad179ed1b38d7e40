"""Made-up calls of the API, held against its own document: `python -m tests.web.fuzzing EXAMPLES`.

The tests make a few for each operation; `poe api-fuzz` makes many.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import Any, Final

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.config._checks import NegativeDataRejectionConfig
from schemathesis.specs.openapi.checks import use_after_free
from starlette.types import Receive, Scope, Send

from engine.web.sources import SourceLimits
from tests.web.program import program
from tests.web.surface import HOST, Surface, surface

ACCEPTED: Final = ["2xx", "307", "400", "401", "403", "404", "409", "410", "422"]
"""A body that its schema takes may still be refused by what a schema cannot say: 400 and a field.

Whether an example is taken is another test's matter.
"""
REFUSED: Final = ["400", "401", "403", "404", "405", "409", "410", "413", "415", "422", "429"]
MANY: Final = 1_000_000
"""Failed calls that are allowed of the one address."""
MADE: Final = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    database=None,
)


def configured() -> SchemathesisConfig:
    """Say what is expected where the tool's own idea is narrower than ours."""
    checks = ChecksConfig(
        positive_data_acceptance=PositiveDataAcceptanceConfig(expected_statuses=ACCEPTED),
        negative_data_rejection=NegativeDataRejectionConfig(expected_statuses=REFUSED),
    )
    # A bearer is sent beside what is made up: a made-up one would be overwritten and blamed.
    project = ProjectConfig(
        checks=checks, generation=GenerationConfig(with_security_parameters=False)
    )
    return SchemathesisConfig(projects=ProjectsConfig(default=project))


class Stage:
    """Where calls arrive: a house with a store, a user and a journey; `token` may do everything.

    Its clock stands still, and each call is made again without its bearer: the address would have
    to wait (429) before long.
    """

    house: Surface
    token: str

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Put a fresh house in its place, the same again in every row, id and hour."""
        limits = SourceLimits(per_minute=MANY, per_hour=MANY, tenant_per_minute=MANY)
        self.house = surface(limits=limits)
        self.token = asyncio.run(self._furnish())

    async def _furnish(self) -> str:
        await self.house.bench.deploy()
        await self.house.bench.user()
        return (await program(self.house)).token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on to the house of the moment."""
        await self.house.app(scope, receive, send)


def schema_of(stage: Stage) -> Any:
    """Read the document from the running surface."""
    lengths = st.sampled_from(["PT5M", "P1D", "PT15M", "P30D", "PT0S"])
    schemathesis.openapi.format("duration", lengths)
    schemathesis.openapi.format("iana-time-zone", st.sampled_from(["UTC", "Europe/Lisbon"]))
    return schemathesis.openapi.from_asgi(
        "/openapi.json", stage, config=configured(), headers={"Host": HOST}
    )


def called(case: Any, token: str) -> None:
    """Make one call and hold its answer against the document.

    The bearer goes beside the case and not into it: the tool then knows that it is a good one, and
    makes the call again without it and with a bad one.
    """
    headers = {"Host": HOST}
    opened = case.operation.definition.raw.get("security", [])
    if {"bearer": []} in opened or {"session": []} in opened:
        headers["Authorization"] = f"Bearer {token}"
    case.call_and_validate(headers=headers)


def walk_through(stage: Stage, schema: Any, *, examples: int, steps: int) -> int:
    """Follow links from answers to calls: what was made is read, changed and ended.

    Each walk begins in a fresh house: the tool repeats walks, and takes answers that differ for its
    own mistake. Gives how many calls were made.
    """
    made = 0

    class Walk(schema.as_state_machine()):  # type: ignore[misc]  # made at run time
        def setup(self) -> None:
            stage.renew()

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            nonlocal made
            made += 1
            return {"headers": {"Host": HOST, "Authorization": f"Bearer {stage.token}"}}

        def validate_response(self, response: Any, case: Any, **more: Any) -> None:
            """An ended key stays to be read: audit rows name it."""
            kept = [use_after_free] if "/apiKeys/" in case.operation.path else []
            case.validate_response(
                response,
                excluded_checks=kept,
                recorder=self.recorder,
                transport_kwargs=more or None,
            )

    Walk.run(settings=settings(MADE, max_examples=examples, stateful_step_count=steps))
    return made


def main() -> int:
    """Make many calls; the first answer that is not as told ends it."""
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    stage = Stage()
    schema, made = schema_of(stage), 0

    def call(case: Any) -> None:
        nonlocal made
        made += 1
        called(case, stage.token)

    every = [result.ok() for result in schema.get_all_operations()]
    for operation in every:
        for mode in GenerationMode:
            strategy = operation.as_strategy(generation_mode=mode)
            with suppress(Unsatisfiable):  # nothing can be wrong where an id of any form is all
                settings(MADE, max_examples=examples)(given(strategy)(call))()  # type: ignore[no-untyped-call]  # made at run time
        sys.stdout.write(f"{operation.label}: as told\n")
    sys.stdout.write(f"{made:,} calls of {len(every)} operations\n")
    made += walk_through(stage, schema, examples=examples, steps=20)
    sys.stdout.write(f"{made:,} calls, all answered as the document says\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
