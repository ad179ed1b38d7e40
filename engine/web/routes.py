"""The table of routes: every way in, its permission, its object rule; all else is denied (F7)."""

from __future__ import annotations

from collections.abc import Sequence

from engine.web import anybody, pages
from engine.web.api import process_server
from engine.web.api.arthr import issuing
from engine.web.api.frame.performing import door_of
from engine.web.api.process_manager import creating
from engine.web.api.rtas import jwks, login
from engine.web.api.rtas.jwks import JWKS_PATH
from engine.web.api.table import FOR_APPLICATIONS, OPERATIONS
from engine.web.api.trustfactor.agents import AGENTS
from engine.web.api.trustfactor.provider_callbacks import PROVIDER_CALLBACKS
from engine.web.gate.door import Door, ObjectRule
from engine.web.links import DEVICE_PATH, HUB_PATH, LANDING_PATH, NEGOTIATE_PATH, VISITS_PATH
from engine.web.listening import requests, script
from engine.web.listening.script import MOBILE_PATH, SCRIPT_PATH
from engine.web.openapi import serving
from engine.web.visit import opening, steps

_VISIT = f"{VISITS_PATH}{{instance}}"
_OWN: ObjectRule = "the session's own instance"
_LINK: ObjectRule = "the link's own"
_GROUP: ObjectRule = "the token's own group"

DOORS: Sequence[Door] = (
    # Doors are tried in order: the ways of steps, which are gone the most, come first.
    Door(path=process_server.ANSWER.path, method="POST", permission="app session", rule=_OWN,
         answer=process_server.answer),
    Door(path=_VISIT, method="POST", permission="page session", rule=_OWN, answer=steps.answer),
    Door(path=_VISIT, method="GET", permission="page session", rule=_OWN, answer=steps.show),
    Door(path=process_server.SHOW.path, method="GET", permission="app session", rule=_OWN,
         answer=process_server.screen),
    Door(path=process_server.CHOOSE_LANGUAGE.path, method="POST", permission="app session",
         rule=_OWN, answer=process_server.choose_language),
    Door(path=process_server.START.path, method="POST", permission="ticket", rule=_LINK,
         answer=process_server.start),
    Door(path=issuing.ISSUE.path, method="POST", permission="key", rule="none",
         answer=issuing.issue),
    Door(path=creating.CREATE.path, method="POST", permission="link", rule=_LINK,
         answer=creating.create),
    Door(path=creating.CREATE_AND_LEAD.path, method="POST", permission="link", rule=_LINK,
         answer=creating.create_and_lead),
    Door(path=LANDING_PATH, method="GET", permission="link", rule=_LINK, answer=opening.show),
    Door(path=LANDING_PATH, method="POST", permission="link", rule=_LINK, answer=opening.begin),
    # TrustX writes its links with a slash before the question mark.
    Door(path=f"{LANDING_PATH}/", method="GET", permission="link", rule=_LINK, answer=opening.show),
    Door(path=f"{LANDING_PATH}/", method="POST", permission="link", rule=_LINK,
         answer=opening.begin),
    Door(path=f"{pages.STATIC_PATH}{{name}}", method="GET", permission="anybody", rule="none",
         answer=anybody.static),
    Door(path=DEVICE_PATH, method="GET", permission="anybody", rule="none",
         answer=anybody.for_the_app),
    Door(path="/healthz", method="GET", permission="anybody", rule="none", answer=anybody.alive),
    Door(path="/readyz", method="GET", permission="anybody", rule="none", answer=anybody.ready),
    Door(path=serving.DOCUMENT_PATH, method="GET", permission="anybody", rule="none",
         answer=serving.give_document),
    Door(path=serving.PAGE_PATH, method="GET", permission="anybody", rule="none",
         answer=serving.show_page),
    Door(path=login.LOGIN.path, method="POST", permission="key", rule="none", answer=login.login),
    Door(path=HUB_PATH, method="GET", permission="end user", rule=_GROUP,
         answer=requests.receive),
    Door(path=HUB_PATH, method="POST", permission="end user", rule=_GROUP, answer=requests.send),
    Door(path=HUB_PATH, method="DELETE", permission="end user", rule=_GROUP,
         answer=requests.end),
    Door(path=HUB_PATH, method="OPTIONS", permission="anybody", rule="none",
         answer=requests.ask_first),
    Door(path=NEGOTIATE_PATH, method="POST", permission="end user", rule=_GROUP,
         answer=requests.negotiate),
    Door(path=NEGOTIATE_PATH, method="OPTIONS", permission="anybody", rule="none",
         answer=requests.ask_first),
    Door(path=SCRIPT_PATH, method="GET", permission="anybody", rule="none",
         answer=script.give_script),
    Door(path=MOBILE_PATH, method="GET", permission="anybody", rule="none",
         answer=script.show_mobile),
    Door(path=JWKS_PATH, method="GET", permission="anybody", rule="none", answer=jwks.give_keys),
    *(door_of(operation) for operation in OPERATIONS if not operation.own_key),
    *(door_of(operation) for operation in FOR_APPLICATIONS),
    *(
        Door(path=row.path, method="POST", permission="device", rule="the device's own",
             answer=answer)
        for row, answer in AGENTS
    ),
    *(
        Door(path=row.path, method="POST", permission="provider", rule="the provider's own",
             answer=answer)
        for row, answer in PROVIDER_CALLBACKS
    ),
)  # fmt: skip
