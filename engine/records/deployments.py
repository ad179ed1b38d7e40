"""Deployed bundles, and which version of a process each is; forms deployed by themselves."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from engine.model.definition import Bundle
from engine.records.record import Record


class Deployment(Record, frozen=True, kw_only=True):
    """A bundle as deployed: immutable; `id` is its digest, unique by process and version.

    `packages`: label of an activity -> the package that brought it that day, and its version. It is
    no part of the bundle: another package, or a newer one, may bring the same activity.
    """

    TABLE: ClassVar[str] = "deployments"
    UNIQUE: ClassVar[tuple[str, ...]] = ("by_version",)
    LISTED: ClassVar[tuple[str, ...]] = ("process",)

    bundle: Bundle
    deployed_at: datetime
    deployed_by: str
    packages: dict[str, str] = {}

    @property
    def by_version(self) -> str:
        """One digest per process and version."""
        return version_key(self.bundle.process, self.bundle.version)

    @property
    def process(self) -> str:
        """The process it is a version of."""
        return self.bundle.process


def version_key(process: str, version: int) -> str:
    """Name a version of a process, as the unique text of its deployment."""
    return f"{process}\x1f{version}"


class CustomDataForm(Record, frozen=True, kw_only=True):
    """A version of a form, kept for definitions to come: immutable.

    `id` is `<name>.v<number>`, as bundles name their forms; a definition takes a copy along.
    """

    TABLE: ClassVar[str] = "custom_data_forms"
    LISTED: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    number: int
    description: str = ""
    text: str
    deployed_at: datetime
    deployed_by: str


def form_key(name: str, number: int) -> str:
    """Name a version of a form, as bundles do."""
    return f"{name}.v{number}"
