"""The activities a definition may name: by label or alias, in one version each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from engine.expressions import STRING
from engine.model.definition import ActivityRef
from engine.model.signature import Input, Signature


class Labels:
    """Signatures by every spelling of their label."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        """Take one signature for each label."""
        self._by_label: dict[str, Signature] = {}
        for signature in signatures:
            for label in signature.aliases:
                self._by_label.setdefault(label, signature)
        self._by_label |= {signature.label: signature for signature in signatures}
        self._inputs: dict[str, Mapping[str, Input]] = {}

    def get(self, label: str) -> Signature | None:
        """Give the signature of a label or alias."""
        return self._by_label.get(label)

    def inputs(self, signature: Signature) -> Mapping[str, Input]:
        """Give every input of one of the signatures by name; worked out when it is first used."""
        known = self._inputs.get(signature.label)
        if known is None:
            known = self._inputs[signature.label] = _declared(signature)
        return known

    @property
    def names(self) -> Iterable[str]:
        """Every label and alias."""
        return self._by_label.keys()


def _declared(signature: Signature) -> Mapping[str, Input]:
    """Join both declarations; a key input that is only declared as a key is a literal text."""
    found = {
        use.input: Input(name=use.input, type=STRING, literal=True, default=use.default)
        for use in signature.keys
    }
    for declared in signature.inputs:
        if declared.name in found:
            default = declared.default or found[declared.name].default
            declared = replace(declared, literal=True, required=False, default=default)
        found[declared.name] = declared
    return found


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
