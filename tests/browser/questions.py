"""A form with every kind of question in any language, for the walks in a browser."""

from __future__ import annotations

import json
from typing import Any

JOURNEY = """\
process: every-question
version: 1
title: {title}
languages: [{languages}]
maxDuration: PT1H
parameters:
  customer: {{type: string}}
flow:
  start:
    activity: Start
    next: ask
  ask:
    activity: Custom Data Form
    inputs: {{dataFormName: every-question, formDataKey: first}}
    timeout: {{after: PT5M, to: look}}
    actions: {{skip: look, cancel: look}}
    next: look
  look:
    activity: Custom Data Form
    inputs: {{dataFormName: every-answer, formDataKey: second, readOnlyForm: true}}
    next: end
  end:
    activity: End
"""
DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUB"
    "AScY42YAAAAASUVORK5CYII="
)
"""A picture of one dot."""

ENGLISH = {
    "title": "Your details", "subtitle": "Please check what we know.", "go": "Save and continue",
    "note": "Have a bill at hand.", "warned": "Without a bill it takes longer.",
    "customer": "Customer number", "name": "Full name", "email": "E-mail", "phone": "Mobile number",
    "born": "Date of birth", "height": "Height in metres", "country": "Country you live in",
    "pt": "Portugal", "eg": "Egypt", "reach": "How may we reach you?", "app": "In the app",
    "post": "By letter", "street": "Street and number", "card": "A bank card", "back": "The back.",
    "member": "Member code", "kept": "Kept 30 days.", "more": "Anything else?",
    "agree": "These details are right", "plate": "Number plate",
}  # fmt: skip
ARABIC = {
    "title": "بياناتك", "subtitle": "يرجى مراجعة ما نعرفه.", "go": "حفظ ومتابعة",
    "note": "جهّز فاتورة.", "warned": "دون فاتورة يستغرق الأمر وقتًا أطول.",
    "customer": "رقم العميل", "name": "الاسم الكامل", "email": "البريد الإلكتروني",
    "phone": "رقم الهاتف المحمول", "born": "تاريخ الميلاد", "height": "الطول بالأمتار",
    "country": "بلد الإقامة", "pt": "البرتغال", "eg": "مصر", "reach": "كيف نتواصل معك؟",
    "app": "في التطبيق", "post": "برسالة بريدية", "street": "الشارع والرقم",
    "card": "بطاقة مصرفية", "back": "الوجه الخلفي.", "member": "رمز العضوية",
    "kept": "نحتفظ بها 30 يومًا.", "more": "هل من شيء آخر؟", "agree": "هذه البيانات صحيحة",
    "plate": "رقم اللوحة",
}  # fmt: skip


def journey(languages: str = "en, ar", title: str = "Your details") -> str:
    """Write the definition."""
    return JOURNEY.format(languages=languages, title=title)


def questions(**tongues: dict[str, str]) -> dict[str, str]:
    """Write the form, as a deploy takes it: language -> word -> text."""

    def said(word: str) -> dict[str, str]:
        return {language: words[word] for language, words in tongues.items()}

    def asks(id_: str, type_: str, validate: dict[str, Any] | None = None, **more: Any) -> Any:
        needed = {"required": True, **(validate or {})}
        label = {"values": said(id_)}
        return {"type": type_, "id": id_, "label": label, "validate": needed, **more}

    def option(value: str) -> Any:
        return {"value": value, "label": {"values": said(value)}}

    components = [
        {"type": "notification", "id": "note", "subtype": "default", "values": said("note"),
         "closeButton": True, "setTimer": True},
        {"type": "notification", "id": "warned", "subtype": "warning", "values": said("warned")},
        asks("customer", "text", {"required": False}, readOnly=True,
             default="C-{{processvar._initVars.customer}}"),
        asks("name", "text", autocomplete="name"),
        asks("email", "email"),
        asks("phone", "phone", defaultCountry="PT"),
        asks("born", "date", {"min": "1900-01-01", "max": "2020-12-31"}, autocomplete="bday"),
        asks("height", "number", {"min": 0.5, "max": 2.5}),
        asks("plate", "text", {"pattern": "[A-Z]{2}-[0-9]{2}", "example": "AB-12"}),
        asks("country", "select", options=[option("pt"), option("eg")]),
        asks("reach", "radio", options=[option("app"), option("post")]),
        asks("street", "text", visibleWhen="${reach == 'post'}"),
        {"type": "image", "id": "card", "src": DOT, "alt": {"values": said("card")},
         "values": said("back"), "width": "120"},
        asks("member", "code", {"minLength": 6, "maxLength": 6}),
        {"type": "paragraph", "id": "kept", "values": said("kept")},
        asks("more", "text", {"required": False, "maxLength": 500}),
        asks("agree", "checkbox"),
    ]  # fmt: skip
    form = {
        "version": "1",
        "title": {"values": said("title")},
        "subtitle": {"values": said("subtitle")},
        "components": components,
        "submitButton": {"values": said("go")},
    }
    given = [
        {**part, "default": f"{{{{processvar._customFormData.first.{part['id']}}}}}"}
        for part in components
        if "validate" in part and part["id"] != "member"
    ]
    texts = {"every-question.v1": form, "every-answer.v1": {**form, "components": given}}
    return {name: json.dumps(text, ensure_ascii=False) for name, text in texts.items()}
