"""The activities a definition may name: by label or alias, in one version each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.model.definition import ActivityRef
from engine.model.signature import Signature


class Labels:
    """Signatures by every spelling of their label."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        """Take one signature for each label."""
        self._by_label: dict[str, Signature] = {}
        for signature in signatures:
            for label in signature.aliases:
                self._by_label.setdefault(label, signature)
        self._by_label |= {signature.label: signature for signature in signatures}

    def get(self, label: str) -> Signature | None:
        """Give the signature of a label or alias."""
        return self._by_label.get(label)

    @property
    def names(self) -> Iterable[str]:
        """Every label and alias."""
        return self._by_label.keys()


def newest(signatures: Sequence[Signature]) -> tuple[Signature, ...]:
    """Give the newest version of every label."""
    found: dict[str, Signature] = {}
    for signature in signatures:
        known = found.get(signature.label)
        if known is None or known.version < signature.version:
            found[signature.label] = signature
    return tuple(found.values())


def pinned(
    signatures: Sequence[Signature], refs: Sequence[ActivityRef]
) -> tuple[Signature, ...] | ActivityRef:
    """Give exactly the versions that a bundle names, or the first that is not there."""
    known: Mapping[tuple[str, int], Signature] = {(s.label, s.version): s for s in signatures}
    for ref in refs:
        if (ref.label, ref.version) not in known:
            return ref
    return tuple(known[ref.label, ref.version] for ref in refs)
