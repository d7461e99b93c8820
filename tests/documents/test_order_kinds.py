"""Orders of later kinds: what they take from the contract, what they may say, what they may not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from usance.documents.order_form import order_from, plain_order
from usance.documents.order_kinds import Standing
from usance.domain.calendar import LAST_DAY, Period
from usance.domain.contracts.order import LineChange, Order, OrderKind
from usance.domain.contracts.terms import (
    ContractTerms,
    DatedDiscount,
    PartyChange,
    Refund,
    Termination,
    TermsChange,
)
from usance.domain.contracts.uplift import Uplift
from usance.domain.errors import Invalid
from usance.domain.ids import CustomerId, LegalEntityId, OrderId
from usance.domain.money import Money, currency
from usance.domain.payment_terms import PaymentTerms
from usance.domain.rating.prices import Discount, Flat, Pricing

USD = currency("USD")
ACME, US = CustomerId("acme"), LegalEntityId("usance-us")
TERMS = ContractTerms(payment_terms=PaymentTerms(45), po_number="PO-1")
STANDING = Standing(ACME, US, USD, "Acme framework", TERMS)
LINE = {
    "lineId": "seats",
    "name": "Seats",
    "kind": "RECURRING",
    "price": {"model": "FLAT", "amount": "100.00"},
    "billing": {"every": {"unit": "MONTH"}},
}
ADD: dict[str, Any] = {"changes": [{"lineId": "seats", "addQuantity": 5}]}
ON = {"effectiveOn": "2025-07-01"}
NEW_TERM = {"term": {"start": "2026-01-01", "months": 12}}


def form(kind: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "contractId": "acme-2025", **fields}


def read(kind: str, **fields: Any) -> Order:
    return order_from(form(kind, **fields), order_id=OrderId("ord_1"), standing=STANDING)


def problems(kind: str, **fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        read(kind, **fields)
    return [(each.code, each.path) for each in refused.value.problems]


def test_a_later_order_takes_customer_entity_currency_and_name_from_its_contract() -> None:
    order = read("EXPANSION", **ON, **ADD)
    assert (order.customer_id, order.legal_entity_id, order.currency) == (ACME, US, USD)
    assert (order.contract_name, order.terms) == ("Acme framework", TERMS)
    assert order.term == Period(date(2025, 7, 1), LAST_DAY)
    assert order.changes == (LineChange(ref="seats", adds=Decimal(5)),)
    again = order_from(plain_order(order), order_id=OrderId("ord_2"), standing=STANDING)
    assert again == order


def test_what_it_repeats_of_its_contract_must_agree() -> None:
    said = {"customerId": "acme", "legalEntityId": "usance-us", "currency": "USD"}
    assert read("EXPANSION", **ON, **ADD, **said) == read("EXPANSION", **ON, **ADD)
    wrong = {
        "customerId": "other",
        "legalEntityId": "usance-uk",
        "currency": "EUR",
        "contractName": "Something else",
    }
    assert problems("EXPANSION", **ON, **ADD, **wrong) == [
        ("CurrencyMismatch", "currency"),
        ("CustomerMismatch", "customerId"),
        ("LegalEntityMismatch", "legalEntityId"),
        ("ContractNameMismatch", "contractName"),
    ]
    carried = {"customer": {"customerId": "other", "name": "Other"}}
    found = problems("EXPANSION", **ON, **ADD, **carried)
    assert found == [("CustomerMismatch", "customer.customerId")]


def test_without_the_contract_at_hand_a_later_order_says_all_itself() -> None:
    with pytest.raises(Invalid) as refused:
        order_from(form("EXPANSION", **ON, **ADD), order_id=OrderId("ord_1"))
    assert {each.path for each in refused.value.problems} == {
        "customerId",
        "legalEntityId",
        "currency",
    }


def test_a_line_without_an_end_ends_with_the_contract() -> None:
    sold = read("EXPANSION", **ON, lines=[LINE]).lines[0]
    assert (sold.window, sold.ends_with_contract) == (Period(date(2025, 7, 1), LAST_DAY), True)
    service = {"start": "2025-08-01"}
    later = read("EXPANSION", **ON, lines=[{**LINE, "service": service}]).lines[0]
    assert (later.window, later.ends_with_contract) == (Period(date(2025, 8, 1), LAST_DAY), True)
    fixed = {"start": "2025-08-01", "end": "2025-09-01"}
    assert (
        not read("EXPANSION", **ON, lines=[{**LINE, "service": fixed}]).lines[0].ends_with_contract
    )
    renewed = read("RENEWAL", **NEW_TERM, lines=[LINE]).lines[0]
    assert renewed.window == Period(date(2026, 1, 1), date(2027, 1, 1))
    assert renewed.ends_with_contract


def test_totals_of_later_orders_are_kept_for_the_contract_to_compare() -> None:
    order = read("EXPANSION", **ON, lines=[{**LINE, "total": "1.00"}], totals={"contractValue": 2})
    assert order.lines[0].control_total == Money(100, USD)
    assert order.control_total == Money(200, USD)


def test_a_ramp_that_ends_with_the_contract_has_no_last_day() -> None:
    ramp: list[dict[str, Any]] = [
        {"start": "2025-07-01", "end": "2026-01-01"},
        {"start": "2026-01-01", "quantity": 2},
    ]
    line = {**LINE, "ramp": ramp}
    assert read("EXPANSION", **ON, lines=[line]).lines[0].segments[1].period.end == LAST_DAY
    ramp[1]["end"] = "2027-01-01"
    found = problems("EXPANSION", **ON, lines=[line])
    assert found == [("RampIncomplete", "lines[0].ramp[1].end")]


def test_an_amendment_changes_lines_terms_end_and_parties() -> None:
    change = {
        "lineId": "seats",
        "from": "2025-08-01",
        "until": "2025-10-01",
        "quantity": 7,
        "price": {"model": "FLAT", "amount": 9},
        "discount": {"percent": 10, "reason": "Loyal"},
    }
    order = read(
        "AMENDMENT",
        **ON,
        changes=[change, {"lineId": "api", "end": True}],
        termEnd="2027-01-01",
        assignTo="acme-two",
        legalEntityId="usance-uk",
        paymentTerms={"netDays": 10},
        poNumber="",
        uplift={"percent": 3},
        discounts=[{"percent": 5, "from": "2025-09-01"}],
        freeMonths=1,
    )
    assert order.changes == (
        LineChange(
            ref="seats",
            starts_on=date(2025, 8, 1),
            until=date(2025, 10, 1),
            quantity=Decimal(7),
            pricing=Pricing(price=Flat(Decimal(9))),
            discount=Discount(percent=Decimal(10), reason="Loyal"),
        ),
        LineChange(ref="api", ends=True),
    )
    assert (order.term, order.moves_end) == (Period(date(2025, 7, 1), date(2027, 1, 1)), True)
    assert order.party_change == PartyChange(
        customer_id=CustomerId("acme-two"), legal_entity_id=LegalEntityId("usance-uk")
    )
    assert order.legal_entity_id == US
    uplift = Uplift(percent=Decimal(3))
    assert order.terms_change == TermsChange(
        payment_terms=PaymentTerms(10), po_number="", uplift=uplift
    )
    assert order.discounts == (
        DatedDiscount(Discount(percent=Decimal(5)), Period(date(2025, 9, 1), LAST_DAY)),
        DatedDiscount(
            Discount(percent=Decimal(100), reason="Free months"),
            Period(date(2025, 7, 1), date(2025, 8, 1)),
        ),
    )


def test_a_renewal_begins_with_its_term_and_takes_along_what_it_names() -> None:
    plain = read("RENEWAL", **NEW_TERM)
    assert (plain.effective_on, plain.carries, plain.is_early) == (date(2026, 1, 1), None, False)
    assert read("RENEWAL", **NEW_TERM, carryOver=True).carries is None
    assert read("RENEWAL", **NEW_TERM, carryOver=False, lines=[LINE]).carries == ()
    assert read("RENEWAL", **NEW_TERM, carryOver=["seats"]).carries == ("seats",)
    rules = {"uplift": {"percent": 4}, "yearlyUplift": {"index": "CPI-U"}}
    full = read("RENEWAL", **NEW_TERM, early=True, newLegalEntityId="usance-uk", **rules)
    assert full.is_early
    assert full.uplift == Uplift(percent=Decimal(4))
    assert full.terms_change == TermsChange(uplift=Uplift(index="CPI-U"))
    assert full.party_change == PartyChange(legal_entity_id=LegalEntityId("usance-uk"))


def test_a_termination_says_what_is_given_back_and_what_it_costs() -> None:
    assert read("TERMINATION", **ON).termination == Termination()
    said = {"refund": "PRO_RATA", "fee": {"amount": "50.00"}, "forCause": True}
    assert read("TERMINATION", **ON, **said).termination == Termination(
        refund=Refund.PRO_RATA, fee=Money(5000, USD), is_for_cause=True
    )
    percent = read("TERMINATION", **ON, fee={"percent": "12.5"}).termination
    assert percent == Termination(fee_percent=Decimal("12.5"))


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("EXPANSION", ADD, "MissingField", "effectiveOn"),
    ("TERMINATION", {}, "MissingField", "effectiveOn"),
    ("RENEWAL", {}, "MissingField", "term"),
    ("RENEWAL", {**NEW_TERM, "effectiveOn": "2026-02-01"}, "EffectiveOutsideTerm", "effectiveOn"),
    ("RENEWAL", {**NEW_TERM, "assignTo": "acme-two"}, "NotOfThisKind", "assignTo"),
    ("RENEWAL", {**NEW_TERM, "carryOver": False}, "OrderWithoutLines", "lines"),
    ("RENEWAL", {**NEW_TERM, "carryOver": "seats"}, "WrongType", "carryOver"),
    ("RENEWAL", {**NEW_TERM, "termEnd": "2028-01-01"}, "NotOfThisKind", "termEnd"),
    ("EXPANSION", {**ON}, "EmptyOrder", ""),
    ("AMENDMENT", {**ON}, "EmptyOrder", ""),
    ("AMENDMENT", {**ON, **ADD, "autoApprove": {"under": 5}}, "NotOfThisKind", "autoApprove"),
    ("AMENDMENT", {**ON, **ADD, "review": {}}, "NotOfThisKind", "review"),
    ("AMENDMENT", {**ON, **ADD, "consolidate": False}, "NotOfThisKind", "consolidate"),
    ("AMENDMENT", {**ON, **ADD, "proration": "NONE"}, "NotOfThisKind", "proration"),
    ("AMENDMENT", {**ON, **ADD, "term": {}}, "NotOfThisKind", "term"),
    ("AMENDMENT", {**ON, "termEnd": "2025-07-01"}, "EmptyPeriod", "termEnd"),
    ("AMENDMENT", {**ON, "termEnd": "2025-01-01"}, "EmptyPeriod", "termEnd"),
    ("AMENDMENT", {**ON, "usageHoldDays": 91}, "InvalidUsageHold", "usageHoldDays"),
    ("AMENDMENT", {**ON, **ADD, "sequence": -1}, "InvalidSequence", "sequence"),
    ("AMENDMENT", {**ON, **ADD, "refund": "NONE"}, "NotOfThisKind", "refund"),
    ("EXPANSION", {**ON, **ADD, "paymentTerms": {"netDays": 1}}, "NotOfThisKind", "paymentTerms"),
    ("EXPANSION", {**ON, **ADD, "discounts": []}, "NotOfThisKind", "discounts"),
    ("TERMINATION", {**ON, "lines": [LINE]}, "NotOfThisKind", "lines"),
    ("TERMINATION", {**ON, "changes": []}, "NotOfThisKind", "changes"),
    ("TERMINATION", {**ON, "poNumber": "1"}, "NotOfThisKind", "poNumber"),
    ("TERMINATION", {**ON, "fee": {}}, "MissingField", "fee.amount"),
    ("TERMINATION", {**ON, "fee": {"amount": "-1.00"}}, "NegativeFee", "fee.amount"),
    ("TERMINATION", {**ON, "fee": {"amount": 1, "percent": 1}}, "AmbiguousFee", "fee"),
    ("TERMINATION", {**ON, "fee": {"percent": 101}}, "InvalidFee", "fee.percent"),
    ("TERMINATION", {**ON, "refund": "ALL"}, "UnknownWord", "refund"),
    ("TERMINATION", {**ON, "reason": "none"}, "UnknownField", "reason"),
    ("INITIAL", {**ON, **ADD}, "NotOfThisKind", "changes"),
]


@pytest.mark.parametrize(("kind", "fields", "code", "path"), REFUSED)
def test_what_does_not_belong_to_the_kind_or_cannot_be_is_refused(
    kind: str, fields: dict[str, Any], code: str, path: str
) -> None:
    assert (code, path) in problems(kind, **fields)


def test_a_later_order_names_its_contract() -> None:
    with pytest.raises(Invalid) as refused:
        order_from({"kind": "EXPANSION", **ON, **ADD}, order_id=OrderId("o"), standing=STANDING)
    assert [each.path for each in refused.value.problems] == ["contractId"]


@pytest.mark.parametrize("kind", [kind for kind in OrderKind if kind is not OrderKind.INITIAL])
def test_a_field_of_no_kind_is_unknown_in_each(kind: OrderKind) -> None:
    assert ("UnknownField", "colour") in problems(kind, **ON, colour="red")
