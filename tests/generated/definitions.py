"""Definitions made by chance: forms, branches, loops, sign-ins, reviews, pauses, timers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from hypothesis import strategies as st

NOTE = json.dumps(
    {
        "version": "1",
        "title": {"values": {"en": "A note", "pt-PT": "Uma nota"}},
        "components": [
            {
                "type": "radio",
                "id": "choice",
                "label": {"values": {"en": "Choice", "pt-PT": "Escolha"}},
                "options": [
                    {"value": value, "label": {"values": {"en": value, "pt-PT": value}}}
                    for value in ("again", "left", "right")
                ],
                "validate": {"required": True},
            },
            {
                "type": "text",
                "id": "words",
                "label": {"values": {"en": "Words", "pt-PT": "Palavras"}},
            },
        ],
    }
)


def _label(text: str) -> dict[str, dict[str, str]]:
    return {"values": {"en": text, "pt-PT": text}}


def _mixed(number: int) -> str:
    """Write one of the forms whose parts are read-only, filled in, hidden or required."""
    read_only, required, default = number % 2 == 1, number % 4 > 1, MIXED_DEFAULTS[number % 3]
    amount = {"type": "number", "id": "amount", "readOnly": read_only, "default": default,
              "label": _label("Amount"), "validate": {"required": required}}  # fmt: skip
    asks = "amount > 2.0" if required and not read_only else "has(amount) && amount > 2.0"
    box = {"type": "checkbox", "id": "box", "label": _label("Box"), "readOnly": number % 3 == 0,
           "default": ("", "true")[number % 2]}  # fmt: skip
    why = {"type": "text", "id": "why", "label": _label("Why"), "visibleWhen": f"${{{asks}}}",
           "validate": {"required": number % 5 > 2}}  # fmt: skip
    form = {"version": "1", "title": _label("Mixed"), "components": [amount, box, why]}
    return json.dumps(form)


MIXED_DEFAULTS = ("", "2,5", "{{processvar._initVars.extra}}")
MIXED = {f"mixed{number}": _mixed(number) for number in range(12)}
"""Name -> form."""
HEAD = """\
process: made
version: 1
title: Made by chance
languages: [en, pt-PT]
maxDuration: PT1H
retention: P30D
parameters:
  userExternalId: {type: string, required: true}
  kind: {enum: [a, b, c], required: true}
  extra: {type: string}
flow:
"""
BLOCKS = (
    "form", "loop", "loop", "loop", "branch", "guarded", "sign-in", "sign-in", "user", "decider",
    "button", "button", "button", "asked", "review", "review", "pause", "counted", "counted",
)  # fmt: skip


@dataclass(slots=True)
class Writer:
    """Writes nodes; `forms` and `signs` count keys so that no two share one."""

    lines: list[str] = field(default_factory=list)
    forms: int = 0
    nodes: int = 0

    def name(self, stem: str) -> str:
        self.nodes += 1
        return f"{stem}{self.nodes}"

    def node(self, name: str, *lines: str) -> None:
        self.lines += [f"  {name}:", *(f"    {line}" for line in lines)]

    def form(self, name: str, *lines: str, attempts: int | None = None, shown: str = "note") -> str:
        self.forms += 1
        key = f"form{self.forms}"
        bound = f", maxAttempts: {attempts}" if attempts else ""
        inputs = f"inputs: {{dataFormName: {shown}, formDataKey: {key}{bound}}}"
        self.node(name, "activity: Custom Data Form", inputs, *lines)
        return key


def _form(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    timer = draw(st.sampled_from(("", f"timeout: {{after: PT2M, to: {end}}}",
                                  f"timeout: {{after: PT2M, to: {then}}}")))  # fmt: skip
    out.form(name, *([timer] if timer else []), f"next: {then}")


def _asked(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    """Ask, and go by the answer."""
    key = out.form(name, f"next: {name}way")
    out.node(
        f"{name}way", "gateway: exclusive", "next:",
        f"""  - when: "${{_customFormData.{key}.choice == 'left'}}\"""", f"    to: {then}",
        f"""  - when: "${{has(_customFormData.{key}.words)"""
        f""" && size(_customFormData.{key}.words) > 3}}\"""", f"    to: {end}",
        f"  - to: {then}",
    )  # fmt: skip


def _mixed_asked(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    """Show a form that may take no answer, and go by what is there; not every reading is right."""
    flag = draw(st.sampled_from(("", ", readOnlyForm: true",
                                 ", readOnlyForm: \"${_initVars.kind == 'a'}\"")))  # fmt: skip
    form = draw(st.sampled_from(sorted(MIXED)))
    key = out.form(name, f"next: {name}way", shown=f"{form}{flag}")
    asked = draw(st.sampled_from(("amount > 2.0", "box", "why.contains('a')")))
    path = f"_customFormData.{key}.{asked}"
    guard = f"has(_customFormData.{key}.{asked.split()[0].split('.')[0]}) && "
    when = path if draw(st.integers(0, 3)) == 0 else guard + path
    out.node(
        f"{name}way", "gateway: exclusive", "next:", f"""  - when: "${{{when}}}\"""",
        f"    to: {end}", f"  - to: {then}",
    )  # fmt: skip


def _loop(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    """Ask again while the answer says so, at most so often."""
    key = out.form(
        name, f"errors: {{ExceededCustomDataFormRetake: {end}}}", f"next: {name}way",
        attempts=draw(st.integers(1, 4)),
    )  # fmt: skip
    out.node(
        f"{name}way", "gateway: exclusive", "next:",
        f"""  - when: "${{_customFormData.{key}.choice == 'again'}}\"""", f"    to: {name}",
        f"  - to: {then}",
    )  # fmt: skip


def _branch(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    out.node(
        name, "gateway: exclusive", "next:",
        """  - when: "${_initVars.kind == 'a'}\"""", f"    to: {end}",
        """  - when: "${_initVars.kind in ['b']}\"""", f"    to: {name}own", f"  - to: {then}",
    )  # fmt: skip
    _form(draw, out, f"{name}own", then, end)


def _guarded(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    out.node(
        name, "gateway: exclusive", "next:",
        """  - when: "${has(_initVars.extra) && _initVars.extra.contains('x')}\"""",
        f"    to: {end}", f"  - to: {then}",
    )  # fmt: skip


def _sign_in(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    key, back = f"attempt{out.nodes}", draw(st.sampled_from((f"{name}ask", then)))
    out.node(
        name, "activity: Start Passcode Authentication",
        f"inputs: {{passcodeAuthenticationKey: {key}, passcodeKey: default,"
        f" storeName: customers, userKey: u{out.nodes},"
        ' userExternalId: "${_initVars.userExternalId}"}',
        f"next: {name}ask",
    )  # fmt: skip
    out.forms += 1
    out.node(
        f"{name}ask", "activity: Passcode Authentication Form",
        f"inputs: {{dataFormName: passcode-authentication, formDataKey: form{out.forms},"
        f" passcodeAuthenticationKey: {key}}}",
        f"timeout: {{after: PT4M, to: {draw(st.sampled_from((then, end)))}}}",
        f"next: {name}verify",
    )  # fmt: skip
    out.node(
        f"{name}verify", "activity: Complete Passcode Authentication",
        f"inputs: {{passcodeAuthenticationKey: {key}, maxAttempts: {draw(st.integers(1, 3))}}}",
        f"errors: {{FailedPasscodeAuthentication: {back},"
        f" ExceededFailedPasscodeAuthentication: {then}}}",
        f"next: {then}",
    )  # fmt: skip


def _user(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    out.node(
        name, "activity: Get User",
        f'inputs: {{storeName: customers, userKey: g{out.nodes},'
        ' userExternalId: "${_initVars.userExternalId}"}',
        f"errors: {{UserNotFound: {end}}}", f"next: {then}",
    )  # fmt: skip


def _decider(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    on_failure = draw(st.sampled_from(("FAIL", "REVIEW")))
    inputs = f"inputs: {{decisionOnAnyFailure: {on_failure}}}"
    out.node(
        name, "activity: Simple Decider", inputs, "next:",
        f"""  - when: "${{_decision == '{on_failure}'}}\"""", f"    to: {end}", f"  - to: {then}",
    )  # fmt: skip


def _timer(draw: st.DrawFn, then: str, end: str) -> list[str]:
    """Write a timer, or none."""
    way = draw(st.sampled_from((then, end, None)))
    return [f"timeout: {{after: PT3M, to: {way}}}"] if way else []


def _review(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    """Let an operator look, and go by what they decide; or not wait for them, and end in review."""
    inputs = f"inputs: {{reviewKey: review{out.nodes}}}"
    out.node(name, "activity: Review Required", inputs, f"next: {name}wait")
    out.node(
        f"{name}wait", "activity: Waiting for B/O Review", inputs, *_timer(draw, then, end),
        "next:",
        """  - when: "${_reviewStatus == 'DECLINED'}\"""", f"    to: {end}", f"  - to: {then}",
    )  # fmt: skip


def _pause(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    inputs = f"inputs: {{pauseKey: pause{out.nodes}}}"
    out.node(name, "activity: Pause Instance", inputs, f"next: {name}wait")
    timer = _timer(draw, then, end)
    out.node(f"{name}wait", "activity: Waiting for Resume", inputs, *timer, f"next: {then}")


def _counted(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    """Ask so many times, counted; then un-write the counter, or leave it."""
    counter = f"rounds{out.nodes}"
    after = draw(st.sampled_from((f"{name}clear", then)))
    out.node(name, "activity: Counter", f"inputs: {{counterName: {counter}}}", f"next: {name}note")
    out.node(
        f"{name}note", "activity: Set Variables",
        f'outputs: {{seen{out.nodes}: "${{{counter}}}", kept{out.nodes}: walk-in}}',
        f"next: {name}ask",
    )  # fmt: skip
    out.form(
        f"{name}ask", f"errors: {{ExceededCustomDataFormRetake: {end}}}", "next:",
        f"""  - when: "${{seen{out.nodes} < {draw(st.integers(1, 3))} && {counter} < 4}}\"""",
        f"    to: {name}", f"  - to: {after}", attempts=9,
    )  # fmt: skip
    if after != then:
        clear = f"inputs: {{variables: [{counter}, seen{out.nodes}]}}"
        out.node(f"{name}clear", "activity: Clear Variables", clear, f"next: {then}")


def _button(draw: st.DrawFn, out: Writer, name: str, then: str, end: str) -> None:
    """Two forms, to and fro by buttons."""
    errors = f"errors: {{ExceededCustomDataFormRetake: {end}}}"
    actions = f"actions: {{skip: {then}, other: {{to: {name}side, limit: 2}}}}"
    out.form(name, errors, actions, f"next: {then}")
    out.form(f"{name}side", errors, f"actions: {{back: {name}}}", f"next: {then}")


WRITERS = {
    "form": _form, "loop": _loop, "branch": _branch, "guarded": _guarded, "sign-in": _sign_in,
    "user": _user, "decider": _decider, "button": _button, "asked": _asked, "mixed": _mixed_asked,
    "review": _review, "pause": _pause, "counted": _counted,
}  # fmt: skip


@st.composite
def definitions(draw: st.DrawFn, blocks: tuple[str, ...] = BLOCKS) -> str:
    """Write a definition of three to seven blocks, each leading on or out."""
    kinds = draw(st.lists(st.sampled_from(blocks), min_size=3, max_size=7))
    out = Writer()
    names = [out.name(kind.replace("-", "")) for kind in kinds] + ["end"]
    out.node("start", "activity: Start", f"next: {names[0]}")
    for place, kind in enumerate(kinds):
        way_out = draw(st.sampled_from(("end", "out", names[-1], *names[place + 2 :])))
        out.nodes = place + 100
        WRITERS[kind](draw, out, names[place], names[place + 1], way_out)
    out.node("end", "activity: End")
    result = draw(st.sampled_from(("", "result: FAIL", "result: REVIEW")))
    if any(line.rstrip("},").endswith(": out") for line in out.lines):
        out.node("out", "activity: End", *([result] if result else []))
    return HEAD + "\n".join(out.lines) + "\n"
