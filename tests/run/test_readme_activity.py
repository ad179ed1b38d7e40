"""The activity in README is run: compiled by its signature, moved by the loop, both ends met."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from engine.adapters.memory import MemoryStore
from engine.run.catalogue import Catalogue
from engine.testing import FrozenClock
from tests.bench import ROOT, bench

FLOW = """\
process: of-age
version: 1
title: Of age
parameters:
  born: {type: date, required: true}
flow:
  start:
    activity: Start
    next: age
  age:
    activity: Check Age
    inputs: {born: "${_initVars.born}"}
    errors: {TooYoung: declined}
    next: end
  end:
    activity: End
  declined:
    activity: End
    result: FAIL
"""


def written() -> Any:
    """Run README's block as a module and give its list."""
    section = (ROOT / "README.md").read_text("utf-8").split("\n## Write an activity\n")[1]
    (code,) = re.findall(r"```python\n(.*?)```", section.split("\n## ")[0], re.S)
    module: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), module)  # noqa: S102 - our own README, run as its reader would
    return module["ALL"]


@pytest.mark.parametrize(
    ("born", "status"),
    [
        ("2008-01-15", "COMPLETED_ENDED_SUCCESS"),
        ("2008-01-16", "COMPLETED_ENDED_ERROR"),
        ("1950-12-31", "COMPLETED_ENDED_SUCCESS"),
    ],
)
def test_the_activity_of_the_readme_tells_who_is_of_age(born: str, status: str) -> None:
    async def story() -> str:
        clock = FrozenClock()
        ours = Catalogue.installed().activities
        house = bench(MemoryStore(clock), clock, catalogue=Catalogue.of([*ours, *written()]))
        await house.deploy(FLOW)
        begun = await house.begin((await house.link("of-age", {"born": born})).secret)
        return (await house.at(begun)).instance.status

    assert asyncio.run(story()) == status
