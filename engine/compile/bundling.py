"""What is deployed: a definition, its forms, its activities' versions, and one digest of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256

import msgspec

from engine.compile.linking.site import Linked
from engine.compile.reading.document import Source
from engine.model.definition import ActivityRef, Bundle, FormRef
from engine.model.names import Digest


def form_key(ref: FormRef) -> str:
    """Name a form in a bundle: `<name>.v<version>`."""
    return f"{ref.name}.v{ref.version}"


def bundle_of(
    linked: Linked, source: Source, forms: Mapping[str, Source], parts: Mapping[str, Source]
) -> Bundle:
    """Bundle a definition with exactly the parts, forms and activities that it uses."""
    called = {call.part for call in linked.calls.values()}
    shown = {form_key(form.ref) for site in linked.sites.values() for form in site.forms}
    used = _used(linked)
    bundle = Bundle(
        digest="",
        process=linked.definition.process,
        version=linked.definition.version,
        definition=source.text.decode("utf-8"),
        forms={key: forms[key].text.decode("utf-8") for key in sorted(shown)},
        activities=tuple(sorted(used, key=lambda ref: (ref.label, ref.version))),
        parts={key: parts[key].text.decode("utf-8") for key in sorted(called)},
    )
    return msgspec.structs.replace(bundle, digest=digest_of(bundle))


def _used(linked: Linked) -> Iterable[ActivityRef]:
    return {
        ActivityRef(label=site.signature.label, version=site.signature.version)
        for site in linked.sites.values()
        if site.signature is not None
    }


def digest_of(bundle: Bundle) -> Digest:
    """Give SHA-256 over the canonical JSON (keys sorted, no blanks) of all but the digest."""
    plain: dict[str, object] = msgspec.to_builtins(bundle)
    plain.pop("digest", None)
    return Digest(sha256(msgspec.json.encode(plain, order="sorted")).hexdigest())
