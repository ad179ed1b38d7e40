"""The library: deploys bundles, and keeps each compiled graph by its digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.compile import Report, Source, check_definition, load
from engine.errors import UnknownBundle
from engine.identity.deeds import Actor
from engine.model.definition import Bundle
from engine.model.graph import ProcessGraph
from engine.model.names import Digest, TenantId
from engine.model.problem import Place, Problem
from engine.ports.store import Committed, Conflict, Store
from engine.records.deployments import Deployment
from engine.records.record import Absent
from engine.run.catalogue import Catalogue
from engine.run.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A bundle that can be run. `new` is False when it was there already, to the letter."""

    bundle: Bundle
    new: bool
    warnings: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Library:
    """Bundles in the store, graphs in memory."""

    store: Store
    catalogue: Catalogue
    _graphs: dict[str, ProcessGraph] = field(default_factory=dict)

    async def deploy(
        self, tenant: TenantId, source: Source, forms: Mapping[str, Source], *, by: Actor
    ) -> Deployed | tuple[Problem, ...]:
        """Check a definition with its forms and keep it for good, with an audit row (G7).

        Args:
            tenant: Whose it becomes.
            source: The definition's text.
            forms: `<name>.v<version>` -> form.
            by: Who deploys, and when.

        Returns:
            What was deployed, or every problem.
        """
        report: Report = check_definition(source, self.catalogue.signatures, forms)
        if report.bundle is None:
            return report.problems
        found = await self.store.digest_of(tenant, report.bundle.process, report.bundle.version)
        if found is None and isinstance(await self._keep(tenant, report.bundle, by), Conflict):
            found = await self.store.digest_of(tenant, report.bundle.process, report.bundle.version)
        if found is not None and found != report.bundle.digest:
            return (*report.problems, _taken(source, report.bundle))
        return Deployed(bundle=report.bundle, new=found is None, warnings=report.problems)

    async def _keep(self, tenant: TenantId, bundle: Bundle, by: Actor) -> Committed | Conflict:
        unit = Unit(self.store, tenant)
        row = Deployment(id=bundle.digest, bundle=bundle, deployed_at=by.at, deployed_by=by.name)
        unit.put(row, Absent())
        subject = f"definition:{bundle.process}/{bundle.version}"
        unit.audit(by.did("definition.deploy", subject, digest=bundle.digest))
        return await self.store.write(tenant, unit.staged())

    async def named(
        self, tenant: TenantId, process: str, version: int | None
    ) -> ProcessGraph | None:
        """Give the graph of a process: of this version, or of the newest; None without one."""
        digest = await self.store.digest_of(tenant, process, version)
        return None if digest is None else await self.graph(tenant, digest)

    async def graph(self, tenant: TenantId, digest: Digest) -> ProcessGraph:
        """Give a deployed bundle's graph, compiled once.

        Raises:
            UnknownBundle: It was never deployed here, or its texts were changed.
            ActivityMissing: It needs an activity that is not installed.
        """
        known = self._graphs.get(f"{tenant}/{digest}")
        if known is not None:
            return known
        row = await self.store.get(tenant, Deployment, digest)
        if row is None:
            raise UnknownBundle(digest=digest)
        graph = load(row.bundle, self.catalogue.signatures)
        self._graphs[f"{tenant}/{digest}"] = graph
        return graph


def _taken(source: Source, bundle: Bundle) -> Problem:
    return Problem(
        rule="D101",
        place=Place(file=source.path, line=1, column=1),
        message=f"version {bundle.version} of {bundle.process} is deployed with other content",
        remedy=f"write `version: {bundle.version + 1}`: a deployed version never changes",
        key="version",
    )
