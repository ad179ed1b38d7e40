"""Flows of the loop's own tests: reviewed, paused, broken by their activities."""

HEAD = """\
process: visit
version: 1
title: A visit
languages: [en, pt-PT]
maxDuration: P10D
flow:
  start:
    activity: Start
    next: {first}
"""

REVIEWED = (
    HEAD.format(first="report")
    + """\
  report:
    activity: Review Required
    next: status
  status:
    activity: Review Status Report
    next: wait
  wait:
    activity: Waiting for B/O Review
    timeout: {after: P5D, to: late}
    next:
      - when: "${_reviewStatus == 'DECLINED'}"
        to: no
      - to: summary
  summary:
    activity: Write Summary Report
    next: yes
  yes:
    activity: End
  no:
    activity: End
    result: FAIL
  late:
    activity: End
"""
)
"""What an operator decides ends the visit; nobody decides for five days: abandoned."""

PAUSED = (
    HEAD.format(first="pause")
    + """\
  pause:
    activity: Pause Instance
    next: away
  away:
    activity: Redirect User
    inputs: {redirectUrl: "https://www.example.org/later"}
    next: wait
  wait:
    activity: Waiting for Resume
    timeout: {after: P5D, to: end}
    next: ask
  ask:
    activity: Custom Data Form
    inputs: {dataFormName: name}
    next: end
  end:
    activity: End
    result: REVIEW
"""
)
"""A person is sent away, comes back by a link, answers, and is looked at."""

NAME_FORM = """\
{"version": "1",
 "title": {"values": {"en": "Your name", "pt-PT": "O seu nome"}},
 "components": [{"type": "text", "id": "name",
   "label": {"values": {"en": "Name", "pt-PT": "Nome"}}}],
 "submitButton": {"values": {"en": "Continue", "pt-PT": "Continuar"}}}
"""

COUNTED = (
    HEAD.format(first="count")
    + """\
  count:
    activity: Counter
    inputs: {counterName: tries}
    next: note
  note:
    activity: Set Variables
    outputs: {seen: "${tries}", kind: walk-in}
    next: ask
  ask:
    activity: Custom Data Form
    inputs: {dataFormName: name, maxAttempts: 9}
    next:
      - when: "${tries < 3}"
        to: count
      - to: clear
    errors: {ExceededCustomDataFormRetake: clear}
  clear:
    activity: Clear Variables
    inputs: {variables: [tries]}
    next: again
  again:
    activity: Counter
    inputs: {counterName: tries}
    next: end
  end:
    activity: End
    result: REVIEW
"""
)
"""Three answers, counted; then the count begins anew."""
