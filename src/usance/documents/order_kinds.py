"""Which fields an order of each kind has, which days and which parties it is about."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import NamedTuple

from usance.documents.particulars import customer_from
from usance.documents.plain import Fields, currency, day, name, ref, refusal, whole
from usance.domain.calendar import FIRST_DAY, LAST_DAY, Period, month_after
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import OrderKind
from usance.domain.contracts.terms import ContractTerms, PartyChange
from usance.domain.ids import CustomerId, LegalEntityId
from usance.domain.money import Currency

MAX_MONTHS = 1200
MAX_SEQUENCE = 10_000
# Stand for a term or currency that was refused, so that the lines are read all the same and their
# problems show too. Nothing is made of them.
ANY_TERM = Period(FIRST_DAY, LAST_DAY)
ANY_CURRENCY = Currency("XXX", 4)

INITIAL, EXPANSION, AMENDMENT, RENEWAL, TERMINATION = OrderKind
SOLD = ("lines", "subscriptions", "totals", "billingDay")
PO = ("poNumber", "poNumbers")
TERMS = ("paymentTerms", "usageHoldDays", "lateUsage", "corrections", "renewal", "uplift")
DISCOUNTS = ("discounts", "freeMonths")
ONCE = ("poRequired", "lateUsageDays", "proration", "review", "autoApprove", "consolidate")
FIELDS_OF = {
    INITIAL: {*SOLD, *PO, *TERMS, *DISCOUNTS, *ONCE, "term"},
    EXPANSION: {*SOLD, *PO, "changes"},
    AMENDMENT: {*SOLD, *PO, *TERMS, *DISCOUNTS, "changes", "termEnd", "assignTo"}
    | {"newLegalEntityId"},
    RENEWAL: {*SOLD, *PO, *TERMS, *DISCOUNTS, "changes", "term", "early", "carryOver"}
    | {"newLegalEntityId", "yearlyUplift"},
    TERMINATION: {"refund", "fee", "forCause"},
}
OF_SOME = tuple(sorted(set().union(*FIELDS_OF.values())))
MOVES = (AMENDMENT, RENEWAL)  # the orders after which another entity of ours may sell


class Standing(NamedTuple):
    """What a later order finds: the contract as it is. What the order leaves out is taken from it.

    `terms` are those the order changes.
    """

    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    currency: Currency
    contract_name: str
    terms: ContractTerms

    @classmethod
    def of(cls, contract: Contract) -> Standing:
        """What an order finds that is to change this contract."""
        return cls(
            contract.customer_id,
            contract.legal_entity_id,
            contract.currency,
            contract.name,
            contract.terms,
        )


class Span(NamedTuple):
    """The days of an order, named as in `Order`."""

    term: Period
    effective_on: date
    moves_end: bool = False


class OrderParties(NamedTuple):
    """Who the contract is with, and who takes their place, named as in `Order`."""

    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    contract_name: str
    party_change: PartyChange


def refuse_of_others(fields: Fields, kind: OrderKind) -> None:
    """Note the fields that only orders of other kinds have."""
    for key in OF_SOME:
        if key not in FIELDS_OF[kind]:
            kinds = " and ".join(other for other in OrderKind if key in FIELDS_OF[other])
            expected = f"nothing: only {kinds} orders have {key}"
            fields.refuse_given([key], "NotOfThisKind", expected)


def span_from(fields: Fields, kind: OrderKind) -> Span:
    """The days of the order. Problems are noted in `fields`; the term is then ANY_TERM."""
    if kind in (INITIAL, RENEWAL):
        term = fields.need("term", _term, stand_in=ANY_TERM)
        return Span(term, fields.take("effectiveOn", day, term.start))
    on = fields.need("effectiveOn", day, stand_in=FIRST_DAY)
    end = fields.take("termEnd", day, None) if kind is AMENDMENT else None
    if on is FIRST_DAY:  # refused, or missing
        return Span(ANY_TERM, FIRST_DAY)
    if end is not None and end <= on:
        expected = f"a day after {on}, when the order takes effect"
        fields.refuse("EmptyPeriod", "termEnd", end, expected)
        end = None
    return Span(Period(on, end or LAST_DAY), on, moves_end=end is not None)


def sequence_from(fields: Fields) -> int:
    """The place of the order among those that take effect on one day."""
    return fields.take("sequence", _sequence, 0)


def currency_from(fields: Fields, standing: Standing | None) -> Currency:
    """The order's currency: the contract's own, if it has one already."""
    if standing is None:
        return fields.need("currency", currency, stand_in=ANY_CURRENCY)
    found = fields.take("currency", currency, standing.currency)
    _agree(fields, "currency", found.code, standing.currency.code, code="CurrencyMismatch")
    return standing.currency


def parties_from(
    fields: Fields, kind: OrderKind, standing: Standing | None, *, contract_id: str
) -> OrderParties:
    """Who buys and who sells, and under which name. Problems are noted in `fields`."""
    customer_id = _customer_id(fields, standing)
    assigned = fields.take("assignTo", ref, None) if kind is AMENDMENT else None
    entity_id, other_id = _entity_ids(fields, kind, standing)
    usual = contract_id if standing is None else standing.contract_name
    contract_name = fields.take("contractName", name, usual)
    if standing is not None:
        _agree(fields, "contractName", contract_name, usual, code="ContractNameMismatch")
    change = PartyChange(
        customer_id=None if assigned is None else CustomerId(assigned),
        legal_entity_id=None if other_id is None else LegalEntityId(other_id),
    )
    return OrderParties(CustomerId(customer_id), LegalEntityId(entity_id), contract_name, change)


def _customer_id(fields: Fields, standing: Standing | None) -> str:
    """From `customerId`, from the particulars in `customer`, or from the contract."""
    if fields.has("customer"):
        fields.refuse_given(["customerId"], "AmbiguousCustomer", "customerId or customer, not both")
        carried = fields.take("customer", customer_from, None)
        found, key = "" if carried is None else str(carried.id), "customer.customerId"
    else:
        fields.allow(["customer"])
        found, key = _customer_ref(fields, standing), "customerId"
    if standing is not None and found:
        _agree(fields, key, found, standing.customer_id, code="CustomerMismatch")
    return found


def _customer_ref(fields: Fields, standing: Standing | None) -> str:
    if standing is None:
        return fields.need("customerId", ref)
    return fields.take("customerId", ref, str(standing.customer_id))


def _entity_ids(
    fields: Fields, kind: OrderKind, standing: Standing | None
) -> tuple[str, str | None]:
    """Which company of ours sells, and which sells from now on, None: the same.

    `legalEntityId` names the new one as well, where it is not the one that sold so far.
    """
    other = fields.take("newLegalEntityId", ref, None) if kind in MOVES else None
    if standing is None:
        return fields.need("legalEntityId", ref), other
    now = str(standing.legal_entity_id)
    said = fields.take("legalEntityId", ref, now)
    if said != now and kind in MOVES and other is None:
        return now, said
    _agree(fields, "legalEntityId", said, now, code="LegalEntityMismatch")
    return now, None if other == now else other


def _agree(fields: Fields, key: str, said: str, standing: str, *, code: str) -> None:
    if said != standing:
        fields.refuse(code, key, said, f"{standing}, as the contract has it, or nothing")


def _term(plain: object, path: str) -> Period:
    """`{start, end}` or `{start, months}`."""
    fields = Fields(plain, path)
    start = fields.need("start", day, stand_in=FIRST_DAY)
    if fields.has("months"):
        fields.refuse_given(["end"], "AmbiguousTerm", "end or months, not both")
        end = fields.need("months", partial(_day_after, start=start))
    else:
        fields.take("months", whole, None)
        end = fields.need("end", day)
    return fields.made(lambda: Period(start, end))


def _day_after(value: object, path: str, *, start: date) -> date:
    """The first day after that many months."""
    months = whole(value, path)
    if not 1 <= months <= MAX_MONTHS:
        raise refusal("InvalidMonths", path, value, f"1 to {MAX_MONTHS} months")
    return day(month_after(start, months).isoformat(), path)


def _sequence(value: object, path: str) -> int:
    place = whole(value, path)
    if not 0 <= place <= MAX_SEQUENCE:
        raise refusal("InvalidSequence", path, value, f"a whole number from 0 to {MAX_SEQUENCE}")
    return place
