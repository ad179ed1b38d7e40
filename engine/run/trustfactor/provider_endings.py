"""What ends here is ended at its provider, too: codes, transactions, and devices.

It is staged with what has ended it. What a provider has not given an id for needs no row: whoever
asks for it there finds that it has ended, and ends it.
"""

from __future__ import annotations

from engine.model.instance import ProcessInstance
from engine.realtime.trustfactor import codes, contracts, transactions
from engine.records.trustfactor import EMBEDDED, Contract, RegistrationCode, Transaction
from engine.run.trustfactor.notifier import Notifier, ProviderRequest, signal_id


def end_code(notifier: Notifier, code: RegistrationCode) -> None:
    """Stage that nothing is to come of a code; a device that has confirmed it is reset there."""
    if code.provider == EMBEDDED:
        codes.cancel(notifier.unit, notifier.actor, code)
        return
    gone = codes.withdraw(notifier.unit, notifier.actor, code)
    if gone is None or gone.remote is None:
        return
    confirmed = gone.confirmation
    notifier.request(
        ProviderRequest(
            what="cancel-code" if confirmed is None else "reset",
            subject=gone.id,
            provider=gone.provider,
            remote=gone.remote.id,
            contract_key="" if confirmed is None else confirmed.contract_key,
        )
    )


def end_transaction(notifier: Notifier, asked: Transaction) -> None:
    """Stage that nobody needs to decide any more."""
    if asked.provider == EMBEDDED:
        transactions.cancel(notifier.unit, notifier.actor, asked)
        return
    gone = transactions.withdraw(notifier.unit, notifier.actor, asked)
    if gone is not None and gone.remote is not None:
        remote = gone.remote.id
        notifier.request(
            ProviderRequest(what="cancel", subject=gone.id, provider=gone.provider, remote=remote)
        )


def end_device(notifier: Notifier, contract: Contract) -> Contract:
    """Stage that a device answers for nobody any more."""
    gone = contracts.reset(notifier.unit, notifier.actor, contract)
    if contract.status != "RESET":
        reset_elsewhere(notifier, contract)
    return gone


def reset_elsewhere(notifier: Notifier, contract: Contract) -> None:
    """Stage the same at its provider alone: its row here goes, or has changed."""
    if contract.provider != EMBEDDED:
        key = contract.contract_key
        notifier.request(
            ProviderRequest(
                what="reset", subject=contract.id, provider=contract.provider, contract_key=key
            )
        )


async def end_all(notifier: Notifier, instance: ProcessInstance) -> None:
    """Stage the end of what a journey, that is over, has asked other providers for.

    What it has asked here is answered by nobody, as whoever would answer looks at the journey.
    """
    for slot in instance.keys.values():
        id, signal = str(slot.value.get("id", "")), slot.value.get("signal")
        if signal == signal_id("registration", id):
            code = await notifier.unit.get(RegistrationCode, id)
            if code is not None and _is_elsewhere(code, instance):
                end_code(notifier, code)
        elif signal == signal_id("transaction", id):
            asked = await notifier.unit.get(Transaction, id)
            if asked is not None and _is_elsewhere(asked, instance):
                end_transaction(notifier, asked)


def _is_elsewhere(subject: RegistrationCode | Transaction, instance: ProcessInstance) -> bool:
    return subject.provider != EMBEDDED and subject.instance == instance.id
