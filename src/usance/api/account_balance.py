"""What a customer has with us: money that pays nothing yet, and credit."""

from __future__ import annotations

from usance.api.caller import Asked
from usance.api.envelope import Amount, CurrencyCode, Single, Wire
from usance.api.fields import PathId
from usance.api.route import resource
from usance.domain.ids import CustomerId
from usance.domain.money import Money
from usance.store import credit_notes, parties, payments

router = resource("customers", tag="Customers")


class BalanceWire(Wire):
    """With one legal entity, in one currency."""

    legal_entity_id: str
    currency: CurrencyCode
    unapplied_cash: Amount
    customer_credit: Amount


@router.get("/{id}/balance", operation_id="getBalance", summary="What a customer has with us")
def get_balance(caller: Asked, id: PathId) -> Single[list[BalanceWire]]:
    """Over-payments not yet said to pay anything, and credit: credit notes not used up, and
    over-payments kept. By legal entity and currency; nothing: no row.
    """
    customer_id = CustomerId(id)
    found: dict[tuple[str, str], tuple[Money, Money]] = {}
    with caller.transaction() as tx:
        parties.customer(tx, customer_id)
        for row in payments.unallocated(tx, customer_id):
            key = (row.legal_entity_id, row.unapplied_cash.currency.code)
            found[key] = (row.unapplied_cash, row.customer_credit)
        for unused in credit_notes.unused(tx, customer_id):
            zero = Money.zero(unused.left.currency)
            key = (unused.legal_entity_id, unused.left.currency.code)
            cash, credit = found.get(key, (zero, zero))
            found[key] = (cash, credit + unused.left)
    return Single(
        data=[
            BalanceWire(
                legal_entity_id=entity_id,
                currency=code,
                unapplied_cash=cash.text,
                customer_credit=credit.text,
            )
            for (entity_id, code), (cash, credit) in sorted(found.items())
        ]
    )
