"""A stranger's package that can be there or not: one activity, and a definition that uses it."""

from __future__ import annotations

from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

from engine.activity import Activity, Call, Ended, activity, done
from engine.run.catalogue import Catalogue

PACKAGE = "farol-ages 1.4"
DEFINITION = """
process: of-age
version: 1
title: Of age
maxDuration: PT1H
retention: P30D
flow:
  start:
    activity: Start
    next: who
  who:
    activity: Custom Data Form
    inputs: {dataFormName: person, dataFormVersion: 1, formDataKey: person1}
    timeout: {after: PT5M, to: age}
    next: age
  age:
    activity: Check Age
    next: end
  end:
    activity: End
"""


class Farol(Distribution):
    """The stranger's package, as Python finds it."""

    def read_text(self, filename: str) -> str | None:
        return "Metadata-Version: 2.1\nName: farol-ages\nVersion: 1.4\n"

    def locate_file(self, path: object) -> Path:
        raise FileNotFoundError


@activity("Check Age", version=3, kind="pure")
def check_age(call: Call) -> Ended:
    """Let everybody pass."""
    return done()


def catalogue(*more: Activity) -> Catalogue:
    entry = EntryPoint("farol", "farol_ages:ALL", "engine.activities")
    vars(entry).update(dist=Farol())
    brought = {("Check Age", 3): entry}
    return Catalogue.of([*Catalogue.installed().activities, *more], brought if more else {})


WITH, WITHOUT = catalogue(check_age), catalogue()
