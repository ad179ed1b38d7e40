"""The definitions and forms that are measured."""

from __future__ import annotations

import json

from engine.compile import Source

FIVE = """\
process: bench-five
version: 1
title: Five nodes
type: identity-verification
languages: [en]
maxDuration: PT1H
retention: P30D
parameters:
  userExternalId: {type: string, required: true}
flow:
  start:
    activity: Start
    next: ask
  ask:
    activity: Custom Data Form
    inputs:
      dataFormName: bench-person
      dataFormVersion: 1
      formDataKey: form1
    timeout: {after: PT10M, to: decide}
    next: grown
  grown:
    gateway: exclusive
    next:
      - when: "${has(_customFormData.form1) && _customFormData.form1.age >= 18}"
        to: decide
      - to: end
  decide:
    activity: Simple Decider
    inputs:
      decisionVariable: PASS
    next: end
  end:
    activity: End
"""
"""Start, a form, a gateway, Simple Decider, End: SpiffWorkflow and XState were measured so too."""

LOOP = """\
process: bench-loop
version: 1
title: Two forms in turn
type: identity-verification
languages: [en]
maxDuration: PT12H
retention: P30D
flow:
  start:
    activity: Start
    next: first
  first:
    activity: Custom Data Form
    inputs:
      dataFormName: bench-person
      dataFormVersion: 1
      formDataKey: form1
      maxAttempts: 10000
    timeout: {after: PT10M, to: end}
    errors: {ExceededCustomDataFormRetake: end}
    next: second
  second:
    activity: Custom Data Form
    inputs:
      dataFormName: bench-person
      dataFormVersion: 1
      formDataKey: form2
      maxAttempts: 10000
    timeout: {after: PT10M, to: end}
    errors: {ExceededCustomDataFormRetake: end}
    next: first
  end:
    activity: End
"""
"""Each answer is one step of the same size, 20,000 of them."""

PERSON = {
    "firstName": "Inês",
    "lastName": "Carvalho",
    "email": "ines.carvalho@example.org",
    "city": "Lisboa",
    "age": "34",
}
"""What a person answers."""


def person_form() -> str:
    """Write the form of five fields, all checked."""
    words = {"firstName": "First name", "lastName": "Last name", "city": "City"}
    components: list[dict[str, object]] = [
        {
            "type": "text",
            "id": id,
            "label": {"values": {"en": label}},
            "validate": {"required": True, "minLength": 2, "maxLength": 60},
        }
        for id, label in words.items()
    ]
    components.append(
        {
            "type": "email",
            "id": "email",
            "label": {"values": {"en": "Email"}},
            "validate": {"required": True, "maxLength": 100},
        }
    )
    components.append(
        {
            "type": "number",
            "id": "age",
            "label": {"values": {"en": "Age"}},
            "validate": {"required": True, "min": 0, "max": 150, "whole": True},
        }
    )
    return json.dumps(
        {
            "version": "1",
            "title": {"values": {"en": "About you"}},
            "components": components,
            "submitButton": {"values": {"en": "Continue"}},
        }
    )


def forms() -> dict[str, Source]:
    """Give the forms by `<name>.v<version>`."""
    return {"bench-person.v1": Source(path="bench-person.json", text=person_form().encode())}


def chain(name: str, asks: int) -> str:
    """Write a definition of `asks` forms and `asks` gateways one after the other, 11 lines each."""
    lines = [
        f"process: {name}",
        "version: 1",
        "title: A long way",
        "type: identity-verification",
        "languages: [en]",
        "maxDuration: PT1H",
        "retention: P30D",
        "flow:",
        "  start:",
        "    activity: Start",
        "    next: ask1",
    ]
    for number in range(1, asks + 1):
        after = f"ask{number + 1}" if number < asks else "end"
        data = f"_customFormData.form{number}"
        lines += [
            f"  ask{number}:",
            "    activity: Custom Data Form",
            f"    inputs: {{dataFormName: bench-person, formDataKey: form{number}}}",
            "    timeout: {after: PT10M, to: end}",
            f"    next: sort{number}",
            f"  sort{number}:",
            "    gateway: exclusive",
            "    next:",
            f'      - when: "${{has({data}) && {data}.age >= 18}}"',
            f"        to: {after}",
            "      - to: end",
        ]
    return "\n".join([*lines, "  end:", "    activity: End", ""])
