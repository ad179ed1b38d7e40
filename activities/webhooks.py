"""Telling other programs what became of a journey, signed, and as often as it takes."""

from typing import Final

from engine.activity import (
    BOOLEAN,
    INTEGER,
    STRING,
    USUAL_DELAYS,
    Call,
    Delivered,
    Deliveries,
    ErrorEvent,
    HandOver,
    Input,
    Outcome,
    Output,
    TryLater,
    Webhooks,
    activity,
    done,
    raised,
)

NOT_DELIVERED: Final = "WebhookNotDelivered"


@activity(
    "Send Webhook",
    version=1,
    kind="external",
    waits_if="waitForDelivery",
    inputs=[
        Input(name="webhookName", type=STRING, required=True, literal=True, refers="webhook"),
        Input(name="webhookVersion", type=INTEGER, literal=True, at_least=1),
        Input(name="waitForDelivery", type=BOOLEAN, default=False, literal=True),
    ],
    outputs=[Output(name="webhookStatus", variable="_webhookStatus", type=INTEGER, always=False)],
    errors=[ErrorEvent(code=NOT_DELIVERED, fails=False)],
    uses=[Webhooks, Deliveries],
)
class SendWebhook:
    """Tell a program elsewhere what became of the journey, which goes on or waits for it."""

    @staticmethod
    async def prepare(call: Call) -> HandOver:
        """Write what is said now: each try says the same, whatever becomes of the journey."""
        version = call.inputs.get("webhookVersion")
        told = await call.use(Webhooks).message(
            call.text("webhookName"), version if isinstance(version, int) else None
        )
        return HandOver(
            job=told.message, delays=USUAL_DELAYS if told.delays is None else told.delays
        )

    @staticmethod
    async def run(call: Call) -> Outcome | TryLater:
        """Send it once."""
        found = await call.use(Deliveries).send(dict(call.inputs), call.effect_key)
        if isinstance(found, Delivered):
            return done(outputs={"webhookStatus": found.status})
        return TryLater(
            reason=found.reason,
            after=found.after,
            in_vain=found.in_vain,
            at_last=raised(NOT_DELIVERED),
        )
