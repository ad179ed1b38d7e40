"""Flows the interpreter's tests walk: small, each for one promise."""

SIGN_IN = """\
parameters:
  userExternalId: {type: string, required: true}
flow:
  start:
    activity: Start
    next: begin
  begin:
    activity: Start Passcode Authentication
    inputs:
      passcodeKey: default
      storeName: customers
      userExternalId: "${_initVars.userExternalId}"
    next: ask
  ask:
    activity: Passcode Authentication Form
    inputs:
      dataFormName: passcode-authentication
    timeout:
      after: PT4M30S
      to: decide
    next: verify
  verify:
    activity: Complete Passcode Authentication
    errors:
      FailedPasscodeAuthentication: ask
      ExceededFailedPasscodeAuthentication: decide
    next: decide
  decide:
    activity: Simple Decider
    next: end
  end:
    activity: End
"""

CHANNELS = """\
parameters:
  channel: {enum: [kiosk, web, phone], required: true}
  note: {type: string}
flow:
  start:
    activity: Start
    next: sort
  sort:
    gateway: exclusive
    next:
      - when: "${_initVars.channel == 'kiosk'}"
        to: declined
      - when: "${_initVars.channel == 'phone'}"
        to: reviewed
      - to: accepted
  declined:
    activity: End
    result: FAIL
  reviewed:
    activity: End
    result: REVIEW
  accepted:
    activity: End
"""
