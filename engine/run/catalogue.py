"""The installed activities: found through the entry-point group, ours and a stranger's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points

from engine.activity import Activity
from engine.errors import ActivityMissing, SettingsRefused
from engine.model.signature import CheckUse, Signature

GROUP = "engine.activities"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Activities by label and version. Put together once, checked, and frozen."""

    activities: tuple[Activity, ...]
    _by_name: dict[tuple[str, int], Activity]

    @classmethod
    def of(cls, activities: Iterable[Activity]) -> Catalogue:
        """Put activities together.

        Raises:
            SettingsRefused: Two share a label or alias and a version, or one opens another check
                than it settles.
        """
        listed = tuple(activities)
        by_name: dict[tuple[str, int], Activity] = {}
        for activity in listed:
            signature = activity.signature
            _refuse_two_checks(signature)
            for label in (signature.label, *signature.aliases):
                if (label, signature.version) in by_name:
                    raise SettingsRefused(activity=label, reason="installed twice")
                by_name[label, signature.version] = activity
        return cls(listed, by_name)

    @classmethod
    def installed(cls) -> Catalogue:
        """Find every installed package's list. Importing it changes nothing."""
        found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
        return cls.of(activity for entry in found for activity in entry.load())

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


def _told(use: CheckUse) -> str:
    return f"the check `{use.name}` of the key `{use.key}`"
