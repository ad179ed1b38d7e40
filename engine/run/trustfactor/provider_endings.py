"""What ends here is ended at its provider, too: codes, transactions, and devices.

It is staged with what has ended it. What a provider has not given an id for needs no row: whoever
asks for it there finds that it has ended, and ends it.
"""

from __future__ import annotations

from engine.model.instance import ProcessInstance
from engine.realtime.trustfactor import codes, contracts, transactions
from engine.records.trustfactor import EMBEDDED, Contract, RegistrationCode, Transaction
from engine.run.trustfactor.telling import Teller, Wished, signal_id


def end_code(teller: Teller, code: RegistrationCode) -> None:
    """Stage that nothing is to come of a code; a device that has confirmed it is reset there."""
    if code.provider == EMBEDDED:
        codes.cancel(teller.unit, teller.actor, code)
        return
    gone = codes.withdraw(teller.unit, teller.actor, code)
    if gone is None or gone.remote is None:
        return
    confirmed = gone.confirmation
    teller.wish(
        Wished(
            what="cancel-code" if confirmed is None else "reset",
            subject=gone.id,
            provider=gone.provider,
            remote=gone.remote.id,
            contract_key="" if confirmed is None else confirmed.contract_key,
        )
    )


def end_transaction(teller: Teller, asked: Transaction) -> None:
    """Stage that nobody needs to decide any more."""
    if asked.provider == EMBEDDED:
        transactions.cancel(teller.unit, teller.actor, asked)
        return
    gone = transactions.withdraw(teller.unit, teller.actor, asked)
    if gone is not None and gone.remote is not None:
        remote = gone.remote.id
        teller.wish(Wished(what="cancel", subject=gone.id, provider=gone.provider, remote=remote))


def end_device(teller: Teller, contract: Contract) -> Contract:
    """Stage that a device answers for nobody any more."""
    gone = contracts.reset(teller.unit, teller.actor, contract)
    if contract.status != "RESET":
        reset_elsewhere(teller, contract)
    return gone


def reset_elsewhere(teller: Teller, contract: Contract) -> None:
    """Stage the same at its provider alone: its row here goes, or has changed."""
    if contract.provider != EMBEDDED:
        key = contract.contract_key
        teller.wish(
            Wished(what="reset", subject=contract.id, provider=contract.provider, contract_key=key)
        )


async def end_all(teller: Teller, instance: ProcessInstance) -> None:
    """Stage the end of what a journey, that is over, has asked other providers for.

    What it has asked here is answered by nobody, as whoever would answer looks at the journey.
    """
    for slot in instance.keys.values():
        id, signal = str(slot.value.get("id", "")), slot.value.get("signal")
        if signal == signal_id("registration", id):
            code = await teller.unit.get(RegistrationCode, id)
            if code is not None and _is_elsewhere(code, instance):
                end_code(teller, code)
        elif signal == signal_id("transaction", id):
            asked = await teller.unit.get(Transaction, id)
            if asked is not None and _is_elsewhere(asked, instance):
                end_transaction(teller, asked)


def _is_elsewhere(subject: RegistrationCode | Transaction, instance: ProcessInstance) -> bool:
    return subject.provider != EMBEDDED and subject.instance == instance.id
