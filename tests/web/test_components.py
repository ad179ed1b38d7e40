"""Promises of a form's parts in JSON: written once, and yet each panel's own."""

from __future__ import annotations

import json
from typing import Any

from engine.model.definition import FormRef
from engine.model.form import Limits
from engine.model.screen import FormPanel
from engine.web.api.components import components_json
from engine.web.texts import speech
from engine.web.wording import WordedForm
from tests.web.page_samples import EVERYTHING, option

REF = FormRef(name="everything", version=1)
Told = dict[str, dict[str, Any]]


def told(language: str = "en", **panel: object) -> Told:
    """The parts of the form with everything, by id."""
    worded = WordedForm("0" * 64, REF, speech(language, "Farol Mutual", "en"), EVERYTHING)
    own = FormPanel(form=REF, form_data_key="form1", **panel)  # type: ignore[arg-type]  # as given
    return {part["id"]: part for part in json.loads(bytes(components_json(worded, own)))}


def test_part_tells_what_applies_to_it_and_nothing_else() -> None:
    parts = told()

    assert list(parts) == [component.id for component in EVERYTHING.components]
    assert parts["kept"] == {"id": "kept", "type": "paragraph", "text": "Kept 30 days."}
    assert parts["height"] == {
        "id": "height", "type": "number", "label": "Height in metres",
        "required": True, "readOnly": False, "min": "0.5", "max": "2.5",
    }  # fmt: skip


def test_parts_are_in_the_persons_language() -> None:
    assert told("pt-PT")["country"]["options"][1] == {"value": "ES", "label": "Espanha"}
    assert told("en")["country"]["options"][1] == {"value": "ES", "label": "Spain"}


def test_values_stand_before_the_options_and_leave_with_their_panel() -> None:
    values = {"name": 'Inês "Ninha"', "country": "ES", "height": 0, "agree": False, "note": ""}

    parts = told(values=values)

    assert {id_: part["value"] for id_, part in parts.items() if "value" in part} == {
        "name": 'Inês "Ninha"', "country": "ES", "height": 0, "agree": False,
    }  # fmt: skip
    assert list(parts["country"])[-2:] == ["value", "options"]
    assert not any("value" in part for part in told().values())


def test_secret_is_never_told_whatever_the_values_hold() -> None:
    parts = told(values={"secret": "hush", "member": "314159", "kept": "no input"})

    assert not any("value" in part for part in parts.values())


def test_bounds_and_answers_of_a_panel_are_its_own() -> None:
    limits = {"note": Limits(min_length=3, max_length=9)}

    bound = told(limits=limits, options={"country": (option("FR", "France", "França"),)})
    free = told()

    assert (bound["note"]["minLength"], bound["note"]["maxLength"]) == (3, 9)
    assert bound["country"]["options"] == [{"value": "FR", "label": "France"}]
    assert free["note"]["maxLength"] == 500
    assert [each["value"] for each in free["country"]["options"]] == ["PT", "ES"]


def test_panel_that_is_read_makes_every_input_read_only() -> None:
    parts = told(read_only=True, values={"name": "Inês"})

    inputs = [part for part in parts.values() if "readOnly" in part]
    assert len(inputs) == 13
    assert all(part["readOnly"] for part in inputs)
    assert parts["name"]["value"] == "Inês"
    assert [id_ for id_, part in told().items() if part.get("readOnly")] == ["customer"]
