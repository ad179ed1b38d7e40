"""What every page stands in: bar, language switch, foot; and the templates, compiled once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import jinja2
from jinja2 import nodes
from markupsafe import Markup

from engine.errors import TextMissing
from engine.languages import base_of
from engine.model.problem import Message, Text
from engine.web.pages.assets import Assets, found_assets
from engine.web.texts import DEFAULT, Speech, catalogues, own_name, speech

FOLDER = Path(__file__).parents[1] / "templates"
_TONES = {"info": "info", "success": "good", "warning": "warn", "error": "bad"}
_NOTICE_TONES = {"passcode.saved": "good", "limit.last": "warn", "form.tries": "warn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a page is shown in.

    Attributes:
        app: The organisation's name, as people know it.
        language: The page's language tag.
        languages: Every language offered, the default first; an author's words fall back to it.
        nonce: Of this response's content security policy; lets the script run.
        path: Path and query under which this page, or the one it stands for, can be fetched by GET.
        help_url, privacy_url: Links at the foot of every page, empty or None for none.
    """

    app: str
    language: str
    languages: tuple[str, ...]
    assets: Assets
    nonce: str
    path: str
    help_url: str | None = None
    privacy_url: str | None = None

    @property
    def speech(self) -> Speech:
        """The page's speaker."""
        return speech(self.language, self.app, self.languages[0] if self.languages else DEFAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherLanguage:
    """A way to the same page in another language."""

    tag: str
    name: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A sentence above the title. `tone`: info, good, warn or bad."""

    tone: str
    words: Markup


@cache
def prepare() -> Assets:
    """Read catalogues, templates and static files, once, at start.

    Raises:
        TextMissing: The catalogues differ, or a template says what no catalogue holds.
    """
    environment = _environment()
    known = catalogues()[DEFAULT]
    for name in environment.list_templates():
        environment.get_template(name)
        for id_ in sorted(said_in(name)):
            if id_ not in known and f"{id_}.other" not in known:
                raise TextMissing(language=DEFAULT, id=id_, template=name)
    return found_assets()


def said_in(template: str) -> frozenset[str]:
    """List the message ids that a template says outright."""
    tree = _environment().parse((FOLDER / template).read_text("utf-8"))
    return frozenset(_outright(tree))


def _outright(tree: nodes.Template) -> Iterator[str]:
    for call in tree.find_all(nodes.Call):
        spoken = call.node
        if isinstance(spoken, nodes.Getattr) and spoken.attr == "plain":
            spoken = spoken.node
        if isinstance(spoken, nodes.Name) and spoken.name == "say":
            first = call.args[0]
            if isinstance(first, nodes.Const):
                yield str(first.value)


def render(
    template: str, frame: Frame, *, title: str, main_button: str | None = None, **shown: object
) -> str:
    """Fill a template.

    Args:
        template: Its file name.
        frame: What the page stands in.
        title: What the browser's tab says before the organisation's name.
        main_button: Words of the button that sends the page's form; the language switch then sends
            it too, so that answers survive. None on a page without such a form.
        shown: What else the template names.
    """
    say = frame.speech
    return (
        _environment()
        .get_template(template)
        .render(
            frame=frame,
            say=say,
            title=title,
            bar=_bar(frame, say, main_button),
            foot=_foot(say, frame.help_url, frame.privacy_url),
            main_button=main_button,
            **shown,
        )
    )


def whole(template: str, **shown: object) -> str:
    """Fill a template that stands in no frame."""
    return _environment().get_template(template).render(**shown)


def drawn(template: str, macro: str, *given: object) -> Markup:
    """Draw a part of a page by one macro of a template."""
    part: Markup = getattr(_module(template), macro)(*given)
    return part


def _bar(frame: Frame, say: Speech, main_button: str | None) -> Markup:
    """Draw the bar; a page with a form has no address in it, so that one bar serves everybody."""
    if main_button is None:
        return drawn("bar.html", "bar", say, others(frame), None)
    return _submitting_bar(say, frame.languages, main_button)


@lru_cache(maxsize=256)
def _submitting_bar(say: Speech, languages: tuple[str, ...], main_button: str) -> Markup:
    return drawn("bar.html", "bar", say, _others(languages, say.language, ""), main_button)


@lru_cache(maxsize=64)
def _foot(say: Speech, help_url: str | None, privacy_url: str | None) -> Markup:
    return drawn("bar.html", "foot", say, help_url, privacy_url)


def titled(frame: Frame, label: str, *, wrong: bool = False) -> str:
    """Word a page's title."""
    return frame.speech.plain("frame.title.error" if wrong else "frame.title", label=label)


def noticed(frame: Frame, text: Text, kind: str | None = None) -> Notice:
    """Make a notice of a sentence; `kind` as a `TextPanel` has it, else the sentence's own tone."""
    own = _NOTICE_TONES.get(text.id, "info") if isinstance(text, Message) else "info"
    return Notice(tone=_TONES.get(kind, "info") if kind else own, words=frame.speech.text(text))


def others(frame: Frame) -> tuple[OtherLanguage, ...]:
    """List the languages besides the page's own, each by its own name."""
    return _others(frame.languages, frame.language, frame.path)


def _others(languages: tuple[str, ...], own: str, path: str) -> tuple[OtherLanguage, ...]:
    bases = [base_of(tag) for tag in languages]
    return tuple(
        OtherLanguage(
            tag=tag,
            name=own_name(tag, exact=bases.count(base_of(tag)) > 1),
            href=_in_language(path, tag),
        )
        for tag in languages
        if tag != own
    )


@lru_cache(maxsize=64)
def script_words(speech: Speech, *ids: str) -> str:
    """Give the script the sentences it may say: JSON, id -> words with their braces.

    A plural gives all its forms, `passcode.count.one` and the others.
    """
    return json.dumps(_raw(speech, ids), ensure_ascii=False, separators=(",", ":"))


def _raw(speech: Speech, ids: tuple[str, ...]) -> Mapping[str, str]:
    return {id_: words for wanted in ids for id_, words in speech.raw(wanted).items()}


def _in_language(path: str, tag: str) -> str:
    query = [(name, value) for name, value in parse_qsl(urlsplit(path).query) if name != "lang"]
    return f"{urlsplit(path).path}?{urlencode([*query, ('lang', tag)])}"


@cache
def _module(template: str) -> object:
    return _environment().get_template(template).module


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
    )
