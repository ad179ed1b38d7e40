"""The library: deploys bundles and forms, and keeps each compiled graph by its digest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from engine.compile import Report, Source, check_definition, check_form, load
from engine.errors import ActivityMissing, UnknownBundle
from engine.model.definition import Bundle
from engine.model.graph import ProcessGraph
from engine.model.instance import Incident, ProcessInstance
from engine.model.names import Digest, TenantId
from engine.model.problem import Place, Problem
from engine.ports.actor import Actor
from engine.ports.paging import every
from engine.ports.store import Conflict, Store
from engine.records.deployments import CustomDataForm, Deployment, form_key
from engine.records.record import Absent
from engine.run.catalogue import Catalogue
from engine.run.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A bundle that can be run. `new` is False when it was there already, to the letter."""

    bundle: Bundle
    graph: ProcessGraph
    new: bool
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedForm:
    """A form that definitions can name. `new` is False when it was there already, to the letter."""

    row: CustomDataForm
    new: bool
    warnings: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Library:
    """Bundles in the store, graphs in memory."""

    store: Store
    catalogue: Catalogue
    _graphs: dict[str, ProcessGraph] = field(default_factory=dict)

    async def deploy(
        self,
        tenant: TenantId,
        source: Source,
        forms: Mapping[str, Source],
        *,
        by: Actor,
        parts: Mapping[str, Source] = MappingProxyType({}),
    ) -> Deployed | tuple[Problem, ...]:
        """Check a definition with its forms and keep it for good, with an audit row (G7).

        Args:
            tenant: Whose it becomes.
            source: The definition's text.
            forms: `<name>.v<version>` -> form.
            by: Who deploys, and when.
            parts: `<name>.v<version>` -> part; those that the definition calls are kept with it.

        Returns:
            What was deployed, or every problem.
        """
        unit = Unit(self.store, tenant)
        done = await self.stage(unit, source, forms, by=by, parts=parts)
        if isinstance(done, tuple) or not done.new:
            return done
        if isinstance(
            await self.store.write(tenant, unit.staged()), Conflict
        ):  # a twin was quicker
            return await self.stage(Unit(self.store, tenant), source, forms, by=by, parts=parts)
        return done

    async def stage(
        self,
        unit: Unit,
        source: Source,
        forms: Mapping[str, Source],
        *,
        by: Actor,
        parts: Mapping[str, Source] = MappingProxyType({}),
    ) -> Deployed | tuple[Problem, ...]:
        """Stage what `deploy` keeps, in a unit of somebody else's."""
        report: Report = await asyncio.to_thread(
            check_definition, source, self.catalogue.signatures, forms, parts
        )
        if report.is_part:
            return (*report.problems, _no_journey(source))
        if report.bundle is None or report.graph is None:
            return report.problems
        bundle = report.bundle
        found = await self.store.digest_of(unit.tenant, bundle.process, bundle.version)
        if found is not None and found != bundle.digest:
            named = f"version {bundle.version} of {bundle.process}"
            remedy = f"write `version: {bundle.version + 1}`"
            return (*report.problems, _taken(source, named, remedy))
        if found is None:
            self._keep(unit, bundle, by)
        return Deployed(
            bundle=bundle,
            graph=report.graph,
            new=found is None,
            warnings=report.problems,
        )

    def _keep(self, unit: Unit, bundle: Bundle, by: Actor) -> None:
        row = Deployment(
            id=bundle.digest,
            bundle=bundle,
            deployed_at=by.at,
            deployed_by=by.name,
            packages=self._packages(bundle),
        )
        unit.put(row, Absent())
        subject = f"definition:{bundle.process}/{bundle.version}"
        unit.audit(by.did("definition.deploy", subject, digest=bundle.digest))

    async def forms(self, tenant: TenantId) -> dict[str, Source]:
        """Give every form that was deployed by itself, as a definition may name them."""
        rows = [row async for row in every(self.store, tenant, CustomDataForm)]
        return {row.id: _text_of(row) for row in rows}

    async def stage_form(
        self,
        unit: Unit,
        name: str,
        text: str,
        *,
        number: int | None = None,
        description: str = "",
        by: Actor,
    ) -> DeployedForm | tuple[Problem, ...]:
        """Stage a form that is kept for good, with an audit row, for definitions to come (G7).

        Args:
            unit: Where it is staged.
            name: What definitions call it.
            text: Its JSON.
            number: Its version; None: the newest, where that has this text, else the next one.
            description: What it is for.
            by: Who deploys, and when.

        Returns:
            What was staged or found, or every problem.
        """
        rows = [row async for row in every(self.store, unit.tenant, CustomDataForm, "name", name)]
        newest = max(rows, key=lambda row: row.number, default=None)
        after = 1 if newest is None else newest.number + 1
        if number is None:
            number = newest.number if newest is not None and newest.text == text else after
        row = CustomDataForm(
            id=form_key(name, number), name=name, number=number, description=description,
            text=text, deployed_at=by.at, deployed_by=by.name,
        )  # fmt: skip
        report = await asyncio.to_thread(check_form, _text_of(row))
        if report.form is None:
            return report.problems
        found = next((one for one in rows if one.number == number), None)
        if found is not None and found.text != text:
            return (*report.problems, _taken(_text_of(row), row.id, f"send it as version {after}"))
        if found is None:
            unit.put(row, Absent())
            unit.audit(by.did("form.deploy", f"form:{name}/{number}"))
        return DeployedForm(row=found or row, new=found is None, warnings=report.problems)

    def _packages(self, bundle: Bundle) -> dict[str, str]:
        used = ((one.label, self.catalogue.package_of(one.label, one.version))
                for one in bundle.activities)  # fmt: skip
        return {label: package for label, package in used if package}

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
            ActivityMissing: It needs an activity that is not installed (`label`, `version`, and
                `package` where the deploy knew it).
        """
        known = self._graphs.get(f"{tenant}/{digest}")
        if known is not None:
            return known
        row = await self.store.get(tenant, Deployment, digest)
        if row is None:
            raise UnknownBundle(digest=digest)
        try:
            graph = load(row.bundle, self.catalogue.signatures)
        except ActivityMissing as missing:
            package = row.packages.get(str(missing.facts["label"]), "unknown")
            raise ActivityMissing(**missing.facts, package=package) from missing
        self._graphs[f"{tenant}/{digest}"] = graph
        return graph

    async def incident(self, instance: ProcessInstance) -> Incident | None:
        """Give the incident that holds an instance: its own, or an activity that is not installed.

        The second is found whenever somebody looks, and kept nowhere: the instance goes on, with
        its step, its page and its timers, as soon as the package is there.
        """
        if instance.incident is not None or instance.is_over:
            return instance.incident
        try:
            await self.graph(instance.tenant, instance.bundle)
        except ActivityMissing as missing:
            return missing_activity(instance, missing)
        return None


def missing_activity(instance: ProcessInstance, missing: ActivityMissing) -> Incident:
    """Tell an operator which activity, of which package, an instance cannot go on without."""
    facts = missing.facts
    reason = f"{facts['label']} {facts['version']} of the package {facts['package']} is missing"
    return Incident(code=missing.code, node=instance.node, reason=reason, at=instance.last_at)


def _no_journey(source: Source) -> Problem:
    lines = source.text.splitlines()
    line = next((n for n, text in enumerate(lines, 1) if text.startswith(b"type:")), 1)
    return Problem(
        rule="D102",
        place=Place(file=source.path, line=line, column=1),
        message="this is a part: nobody begins there, and it is not deployed by itself",
        remedy="deploy a definition that calls it: its text goes along",
        key="type",
    )


def _taken(source: Source, named: str, remedy: str) -> Problem:
    return Problem(
        rule="D101",
        place=Place(file=source.path, line=1, column=1),
        message=f"{named} is deployed with other content",
        remedy=f"{remedy}: a deployed version never changes",
        key="version",
    )


def _text_of(form: CustomDataForm) -> Source:
    return Source(path=f"{form.id}.json", text=form.text.encode())
