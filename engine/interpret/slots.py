"""Key slots after an activity: state, value, links and carried secrets, as the signature says."""

from __future__ import annotations

from msgspec.structs import replace

from engine.model.event import Ended
from engine.model.graph import ActivityNode
from engine.model.instance import KeySlot, ProcessInstance
from engine.model.names import JsonObject
from engine.model.signature import KeyUse, Promotion
from engine.secret import SecretRef


def after(node: ActivityNode, instance: ProcessInstance, outcome: Ended) -> dict[str, KeySlot]:
    """Give all slots after this ending."""
    keys = dict(instance.keys)
    for use in node.signature.keys:
        name = node.slots[use.input]
        changed = _slot(node, use, keys.get(name), outcome)
        if changed is not None:
            keys[name] = changed
    if outcome.error is None and node.signature.promotes is not None:
        _promote(node, node.signature.promotes, keys, outcome.promoted)
    return keys


def after_timeout(node: ActivityNode, instance: ProcessInstance) -> dict[str, KeySlot]:
    """Give the slots after the boundary timer: only states change, as the signature says."""
    keys = dict(instance.keys)
    for use in node.signature.keys:
        name = node.slots[use.input]
        if use.on_timeout is not None and name in keys:
            keys[name] = replace(keys[name], state=use.on_timeout)
    return keys


def _slot(node: ActivityNode, use: KeyUse, old: KeySlot | None, outcome: Ended) -> KeySlot | None:
    state = use.after if outcome.error is None else use.on.get(outcome.error, use.after)
    secrets = _secrets(use, old, outcome)
    if not state:
        if old is None:
            return None
        return replace(old, value=outcome.keys.get(use.input, old.value), secrets=secrets)
    value = outcome.keys.get(use.input)
    return KeySlot(
        type=use.type,
        state=state,
        value=value if value is not None else (old.value if old else {}),
        links={link: node.slots[link] for link in use.links} or (old.links if old else {}),
        secrets=secrets,
    )


def _secrets(use: KeyUse, old: KeySlot | None, outcome: Ended) -> dict[str, SecretRef]:
    """Carry the form's secrets that this activity carries, drop those it took."""
    before = {} if old is None else old.secrets
    kept = {name: ref for name, ref in before.items() if name not in use.takes}
    sent = outcome.submission.secrets if outcome.submission is not None else {}
    return kept | {name: sent[name] for name in use.carries if name in sent}


def _promote(
    node: ActivityNode,
    promotion: Promotion,
    keys: dict[str, KeySlot],
    value: JsonObject | None,
) -> None:
    """Turn the linked slot into what the success makes of it; changes the copy it is given."""
    through = keys.get(node.slots[promotion.through])
    linked = through.links.get(promotion.link) if through is not None else None
    if linked is not None and linked in keys:
        kept = keys[linked].value if value is None else value
        keys[linked] = replace(keys[linked], type=promotion.type, state=promotion.state, value=kept)
