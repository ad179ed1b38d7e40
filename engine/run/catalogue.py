"""The installed activities: found through the entry-point group, ours and a stranger's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from engine.activity import Activity
from engine.errors import ActivityMissing, SettingsRefused
from engine.expressions import BOOLEAN
from engine.model.signature import CheckUse, Signature

GROUP = "engine.activities"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Activities by label and version. Put together once, checked, and frozen."""

    activities: tuple[Activity, ...]
    _by_name: dict[tuple[str, int], Activity]
    _entries: dict[tuple[str, int], EntryPoint]

    @classmethod
    def of(
        cls,
        activities: Iterable[Activity],
        entries: Mapping[tuple[str, int], EntryPoint] = MappingProxyType({}),
    ) -> Catalogue:
        """Put activities together.

        Args:
            activities: Of all packages.
            entries: Label and version -> the entry point that brought it, where one did.

        Raises:
            SettingsRefused: Two share a label or alias and a version, one opens another check
                than it settles, or one may go on without a result that it promises.
        """
        listed = tuple(activities)
        by_name: dict[tuple[str, int], Activity] = {}
        for activity in listed:
            signature = activity.signature
            _refuse_two_checks(signature)
            _refuse_hollow_promises(signature)
            for label in (signature.label, *signature.aliases):
                if (label, signature.version) in by_name:
                    raise SettingsRefused(activity=label, reason="installed twice")
                by_name[label, signature.version] = activity
        return cls(listed, by_name, dict(entries))

    @classmethod
    def installed(cls) -> Catalogue:
        """Find every installed package's list. Importing it changes nothing."""
        found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
        brought = [(entry, activity) for entry in found for activity in entry.load()]
        entries = {
            (activity.signature.label, activity.signature.version): entry
            for entry, activity in brought
        }
        return cls.of((activity for _, activity in brought), entries)

    def with_each(self, change: Callable[[Activity], Activity]) -> Catalogue:
        """Give the same list with each activity's code as `change` makes it."""
        return Catalogue.of(map(change, self.activities), self._entries)

    def package_of(self, label: str, version: int) -> str:
        """Name the package that brought an activity, and its version; empty where none did."""
        entry = self._entries.get((label, version))
        package = entry.dist if entry is not None else None
        return f"{package.name} {package.version}" if package is not None else ""

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """What the compiler reads."""
        return tuple(activity.signature for activity in self.activities)

    def activity(self, label: str, version: int) -> Activity:
        """Give one activity. Raises `ActivityMissing`."""
        try:
            return self._by_name[label, version]
        except KeyError:
            raise ActivityMissing(label=label, version=version) from None


def _refuse_two_checks(signature: Signature) -> None:
    """Refuse a signature with two checks: an activity files one result, and under one name.

    The proofs would hold of one of them and the run file the other.
    """
    opens, settles = signature.opens, signature.settles
    if opens is None or settles is None or opens == settles:
        return
    name = f"{signature.label} {signature.version}"
    raise SettingsRefused(
        problems=(
            f"the activity {name} opens {_told(opens)} and settles {_told(settles)}: give `opens=`"
            " and `settles=` the same CheckUse, or say only one of them and leave the other to an"
            " activity of its own",
        )
    )


def _refuse_hollow_promises(signature: Signature) -> None:
    """Refuse a signature that promises what an instance would go on without (`waits_if`)."""
    named = signature.takes.get(signature.waits_if)
    if not signature.waits_if:
        return
    promises = [output.name for output in signature.outputs if output.always]
    promises += [use.input for use in signature.keys if use.after is not None]
    promises += [use.name for use in (signature.opens, signature.settles) if use is not None]
    name = f"{signature.label} {signature.version}"
    if promises:
        reason = (
            f"the activity {name} may go on before it is done (`waits_if=`) and promises"
            f" {', '.join(promises)}: give its outputs `always=False`, and let an activity behind"
            " it write keys and settle checks"
        )
        raise SettingsRefused(problems=(reason,))
    if named is None or not (named.literal and named.type == BOOLEAN):
        reason = f"the activity {name} needs `{signature.waits_if}` as a literal boolean input"
        raise SettingsRefused(problems=(reason,))


def _told(use: CheckUse) -> str:
    return f"the check `{use.name}` of the key `{use.key}`"
