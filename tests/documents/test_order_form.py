"""The order form: every example is read, every mistake is named, nothing hostile gets through."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.documents import order_form
from usance.documents.order_form import customer_in, order_from, plain_order, read_form
from usance.documents.order_kinds import Standing
from usance.domain.calendar import Period
from usance.domain.contracts.order import Order, OrderKind, Segment, Timing
from usance.domain.contracts.terms import ContractTerms
from usance.domain.contracts.timeline import timeline
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import CustomerId, LegalEntityId, LineId, OrderId
from usance.domain.money import currency
from usance.domain.payment_terms import PaymentTerms
from usance.domain.rating.prices import Flat, Pricing

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "orders").iterdir())
CHANGES = sorted((ROOT / "examples" / "changes").iterdir())
FORM = """
orderForm: 1
orderId: acme-2025-001
customerId: acme
legalEntityId: usance-us
currency: USD
term: {start: 2025-01-01, months: 24}
signature: {by: Jane Roe, on: 2024-12-18}
lines:
  - lineId: platform
    name: Platform licence
    kind: RECURRING
    billing: {every: {count: 1, unit: YEAR}}
    ramp:
      - {start: 2025-01-01, end: 2026-01-01, price: {model: FLAT, amount: "60000.00"}}
      - {start: 2026-01-01, end: 2027-01-01, price: {model: FLAT, amount: "66000.00"}}
    total: "126000.00"
  - lineId: api
    name: API calls
    kind: USAGE
    price: {model: PER_UNIT, unitAmount: "0.002"}
    billing: {every: {unit: MONTH}}
    featureId: api-calls
  - lineId: setup
    name: Implementation
    kind: ONE_OFF
    price: {model: FLAT, amount: 4000}
    on: 2025-03-31
totals: {contractValue: "130000.00"}
"""
Form = dict[str, Any]


def read(form: Form) -> Order:
    return order_from(form, order_id=OrderId("ord_1"), default_terms=PaymentTerms(45))


def form(change: Callable[[Form], object] = lambda _: None) -> Form:
    plain = deepcopy(read_form(FORM))
    change(plain)
    return plain


def problems_of(change: Callable[[Form], object]) -> list[Problem]:
    with pytest.raises(Invalid) as refused:
        read(form(change))
    return list(refused.value.problems)


def put(path: str, value: object) -> Callable[[Form], None]:
    """Write `value` at a path such as `lines[0].ramp[1].start`; `...` takes the field away."""
    *steps, last = [
        int(part) if part.isdigit() else part
        for part in path.replace("[", ".").replace("]", "").split(".")
    ]

    def change(plain: Form) -> None:
        here: Any = plain
        for step in steps:
            here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
        if value is ...:
            del here[last]
        else:
            here[last] = value

    return change


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_every_example_is_read_without_a_problem_and_written_back_the_same(file: Path) -> None:
    order = order_from(read_form(file.read_text(encoding="utf-8")), order_id=OrderId("ord_1"))
    again = json.loads(json.dumps(plain_order(order)))
    assert order_from(again, order_id=OrderId("ord_2")) == order


def test_the_example_of_a_contracts_life_takes_effect_order_by_order() -> None:
    orders: list[Order] = []
    standing = None
    for file in CHANGES:
        written = read_form(file.read_text(encoding="utf-8"))
        order = order_from(written, order_id=OrderId("ord_1"), standing=standing)
        again = json.loads(json.dumps(plain_order(order)))
        assert order_from(again, order_id=OrderId("ord_2"), standing=standing) == order
        orders.append(order)
        life = timeline(orders, line_id=lambda ref, day: LineId(f"{ref} {day}"))
        assert life.troubles == ()
        now = life.contract
        parties = now.customer_id, now.legal_entity_id
        standing = Standing(*parties, now.currency, now.name, now.terms)
    assert [order.kind for order in orders] == list(OrderKind)
    assert (now.customer_id, now.terminated_on) == ("waterweg", date(2030, 3, 1))


def test_what_a_form_leaves_out_has_the_documented_default() -> None:
    order = read(form())
    platform, api, setup = order.lines
    assert order.contract_id == order.contract_name == "acme-2025-001"
    assert order.effective_on == date(2025, 1, 1)
    assert order.term == Period(date(2025, 1, 1), date(2027, 1, 1))
    assert order.terms.payment_terms == PaymentTerms(45)
    assert order.terms.is_consolidated
    assert not order.terms.is_po_required
    assert platform.timing is Timing.IN_ADVANCE
    assert api.timing is Timing.IN_ARREARS
    assert api.window == order.term
    assert api.tax_code == "standard"
    assert setup.window == Period(date(2025, 3, 31), date(2025, 4, 1))
    assert setup.segments == (
        Segment(setup.window, Pricing(price=Flat(Decimal(4000))), Decimal(1)),
    )


def test_an_order_without_an_id_of_its_own_takes_the_one_given() -> None:
    assert read(form(put("orderId", ...))).id == "ord_1"


# The list of bad input: code, path, value, and a part of what would be right.
BAD = [
    (put("lines[0].ramp[1].price.amount", "-1.00"), "NegativePrice",
     "lines[0].ramp[1].price.amount", "-1.00", "zero or more"),
    (put("lines[1].price.unitAmount", "-0.002"), "NegativePrice",
     "lines[1].price.unitAmount", "-0.002", "zero or more"),
    (put("lines[0].ramp[1].start", "2025-12-01"), "RampOverlap",
     "lines[0].ramp[1].start", "2025-12-01", "2026-01-01 or later"),
    (put("lines[0].ramp[1].start", "2026-02-01"), "RampGap",
     "lines[0].ramp[1].start", "2026-02-01", "2026-01-01"),
    (put("lines[0].ramp[1].end", "2026-07-01"), "RampIncomplete",
     "lines[0].ramp[1].end", "2026-07-01", "2027-01-01"),
    (put("currency", "USX"), "UnknownCurrency", "currency", "USX", "ISO 4217"),
    (put("lines[1].service", {"start": "2025-01-01", "end": "2027-06-01"}), "ServiceOutsideTerm",
     "lines[1].service", "2025-01-01..2027-06-01", "2025-01-01..2027-01-01"),
    (put("lines[2].on", "2027-01-01"), "ServiceOutsideTerm",
     "lines[2].on", "2027-01-01..2027-01-02", "2025-01-01..2027-01-01"),
    (put("lines[1].featureId", ...), "UsageWithoutFeature",
     "lines[1].featureId", "", "metered feature"),
    (put("totals.contractValue", "129999.99"), "TotalMismatch",
     "totals.contractValue", "129999.99", "130000.00"),
    (put("lines[0].total", "120000.00"), "TotalMismatch",
     "lines[0].total", "120000.00", "126000.00"),
    (put("term.start", "2025-02-30"), "InvalidDay", "term.start", "2025-02-30", "YYYY-MM-DD"),
    (put("term.start", "1.1.2025"), "InvalidDay", "term.start", "1.1.2025", "YYYY-MM-DD"),
    (put("term.start", "0025-01-01"), "DayOutOfRange", "term.start", "0025-01-01", "1970-01-01"),
    (put("lines[2].on", "9999-12-31"), "DayOutOfRange", "lines[2].on", "9999-12-31", "2200-01-01"),
    (put("term", {"start": "2025-01-01", "months": 1200}), "RampIncomplete",
     "lines[0].ramp[1].end", "2027-01-01", "2125-01-01"),
    (put("term", {"start": "2150-01-01", "months": 1200}), "DayOutOfRange", "term.months",
     "2250-01-01", "2200-01-01"),
    (put("term", {"start": "2025-01-01", "end": "2025-01-01"}), "EmptyPeriod",
     "term.end", "2025-01-01", "a day after 2025-01-01"),
    (put("effectiveOn", "2024-12-31"), "EffectiveOutsideTerm",
     "effectiveOn", "2024-12-31", "2025-01-01..2027-01-01"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code", "path", "value", "expected"), BAD)
def test_bad_input_is_refused_with_code_path_value_and_what_would_be_right(
    change: Callable[[Form], None], code: str, path: str, value: str, expected: str
) -> None:
    found = {(each.code, each.path): each for each in problems_of(change)}
    assert (code, path) in found, list(found)
    assert found[code, path].value == value
    assert expected in found[code, path].expected


ODD_FIELDS = [
    ("lines[1].qty", 3, "UnknownField"),
    ("curency", "USD", "UnknownField"),
    ("currency", ..., "MissingField"),
    ("lines", ..., "MissingField"),
    ("lines", [], "OrderWithoutLines"),
    ("lines[0].lineId", ..., "MissingField"),
    ("lines[1].billing", ..., "MissingField"),
    ("lines[2].on", ..., "MissingField"),
    ("lines[2].price", ..., "MissingField"),
    ("customerId", ..., "MissingField"),
    ("lines", {"a": 1}, "WrongType"),
    ("term", "2025", "WrongType"),
    ("consolidate", "true", "WrongType"),
    ("usageHoldDays", True, "WrongType"),
    ("usageHoldDays", 91, "InvalidUsageHold"),
    ("paymentTerms.netDays", "30", "WrongType"),
    ("paymentTerms.netDays", 366, "InvalidPaymentTerms"),
    ("poNumber", 77812, "WrongType"),
    ("poNumber", "PO\x007", "InvalidText"),
    ("crmRef", "x" * 1001, "TextTooLong"),
    ("lines[0].name", " ", "InvalidName"),
    ("lines[0].name", "\ud800", "InvalidText"),
    ("lines[0].lineId", "a b", "InvalidId"),
    ("lines[1].lineId", "platform", "DuplicateLineId"),
    ("lines[0].kind", "RECURING", "UnknownWord"),
    ("lines[0].quantity", True, "WrongType"),
    ("lines[0].quantity", 1.5, "WrongType"),
    ("lines[0].quantity", "NaN", "InvalidNumber"),
    ("lines[0].quantity", "Infinity", "InvalidNumber"),
    ("lines[0].quantity", "1e400", "InvalidNumber"),
    ("lines[0].quantity", 10**4000, "InvalidNumber"),
    ("lines[0].quantity", "0.0000000000001", "InvalidNumber"),
    ("lines[1].quantity", 5, "QuantityOfUsage"),
    ("lines[1].billing.timing", "IN_ADVANCE", "UsageInAdvance"),
    ("lines[2].billing", {"every": "WHOLE_TERM"}, "NotOfThisKind"),
    ("lines[2].service", {"start": "2025-01-01", "end": "2026-01-01"}, "NotOfThisKind"),
    ("lines[0].on", "2025-01-01", "NotOfThisKind"),
    ("lines[0].total", "1.005", "InvalidAmount"),
    ("lines[1].pricePer", {"unit": "MONTH"}, "PricePeriodNotRecurring"),
    ("lines[1].billing.every.count", 0, "InvalidCadence"),
    ("lines[1].billing.dayOfMonth", 32, "InvalidDayOfMonth"),
    ("term.end", "2027-01-01", "AmbiguousTerm"),
    ("customerId", {"customerId": "acme"}, "InvalidId"),
    ("orderForm", 2, "UnknownVersion"),
    ("orderForm", True, "UnknownVersion"),
    ("kind", "UPGRADE", "UnknownWord"),
    ("tags", ["a"] * 51, "TooMany"),
    ("lines[1].price.unitAmount", 0.5, "InvalidNumber"),
    ("signature.on", None, "MissingField"),
]


@pytest.mark.parametrize(("path", "value", "code"), ODD_FIELDS)
def test_a_field_that_is_unknown_missing_or_of_another_type_is_named(
    path: str, value: object, code: str
) -> None:
    found = problems_of(put(path, value))
    assert (code, path) in [(each.code, each.path) for each in found], found
    assert all(len(each.value) <= 80 for each in found)


def test_all_problems_of_a_form_are_reported_at_once() -> None:
    def change(plain: Form) -> None:
        plain["currency"] = "USX"
        plain["customerID"] = "acme"
        plain["lines"][0]["ramp"][0]["price"]["amount"] = "-5"
        plain["lines"][0]["ramp"][1]["start"] = "soon"
        del plain["lines"][1]["billing"]
        plain["lines"][2]["on"] = "2025-02-31"

    assert [(each.code, each.path) for each in problems_of(change)] == [
        ("UnknownCurrency", "currency"),
        ("UnknownField", "customerID"),
        ("NegativePrice", "lines[0].ramp[0].price.amount"),
        ("InvalidDay", "lines[0].ramp[1].start"),
        ("MissingField", "lines[1].billing"),
        ("InvalidDay", "lines[2].on"),
    ]


def test_the_whole_list_of_bad_input_in_one_order_is_refused_at_once() -> None:
    def change(plain: Form) -> None:
        setup, ramped = plain["lines"][2], plain["lines"][0]
        plain["currency"] = "USX"
        ramped["ramp"][1]["start"] = "2025-12-01"
        del plain["lines"][1]["featureId"]
        setup["on"] = "2027-06-01"
        negative = {"model": "FLAT", "amount": "-1"}
        plain["lines"].append({**setup, "lineId": "more", "price": negative})

    assert [(each.code, each.path) for each in problems_of(change)] == [
        ("UnknownCurrency", "currency"),
        ("NegativePrice", "lines[3].price.amount"),
        ("RampOverlap", "lines[0].ramp[1].start"),
        ("UsageWithoutFeature", "lines[1].featureId"),
        ("ServiceOutsideTerm", "lines[2].on"),
    ]


def test_a_total_is_compared_though_another_field_is_refused() -> None:
    def change(plain: Form) -> None:
        plain["kind"] = "?"
        plain["totals"]["contractValue"] = "1.00"

    assert [each.code for each in problems_of(change)] == ["UnknownWord", "TotalMismatch"]


def test_rules_between_fields_are_checked_beside_a_line_that_cannot_be_read() -> None:
    def change(plain: Form) -> None:
        plain["lines"][0]["kind"] = "?"
        del plain["lines"][1]["featureId"]
        plain["lines"][2]["total"] = "3999.00"

    found = [(each.code, each.path) for each in problems_of(change)]
    assert found == [
        ("UnknownWord", "lines[0].kind"),
        ("UsageWithoutFeature", "lines[1].featureId"),
        ("TotalMismatch", "lines[2].total"),
    ]


def test_a_form_without_lines_has_one_problem_and_no_totals_to_compare() -> None:
    assert [each.code for each in problems_of(put("lines", []))] == ["OrderWithoutLines"]
    assert [each.code for each in problems_of(put("lines", ...))] == ["MissingField"]
    assert [each.code for each in problems_of(put("lines", "platform"))] == ["WrongType"]


def test_at_most_a_hundred_problems_are_reported() -> None:
    found = problems_of(lambda plain: plain.update({f"x{index}": 1 for index in range(5000)}))
    assert len(found) == 100


def test_an_order_may_carry_its_customers_particulars() -> None:
    plain = form(put("customerId", ...))
    plain["customer"] = {"customerId": "acme", "name": "Acme, Inc.", "address": {"country": "US"}}
    customer = customer_in(plain)
    assert customer is not None
    assert customer.name == "Acme, Inc."
    assert read(plain).customer_id == "acme"
    plain["customer"]["address"]["country"] = "USA"
    with pytest.raises(Invalid) as refused:
        read(plain)
    assert [each.path for each in refused.value.problems] == ["customer.address.country"]
    assert customer_in(form()) is None


def test_a_customer_is_named_once() -> None:
    found = problems_of(put("customer", {"customerId": "acme", "name": "Acme"}))
    assert [each.code for each in found] == ["AmbiguousCustomer"]


@pytest.mark.parametrize(
    ("start", "unit", "day", "anchor"),
    [
        ("2025-04-10", "MONTH", 31, date(2025, 3, 31)),
        ("2025-02-10", "QUARTER", 31, date(2024, 8, 31)),
        ("2025-04-10", "YEAR", 5, date(2025, 4, 5)),
    ],
)
def test_a_day_of_the_month_is_an_anchor_that_never_drifts(
    start: str, unit: str, day: int, anchor: date
) -> None:
    def change(plain: Form) -> None:
        del plain["totals"]
        plain["term"] = {"start": start, "months": 12}
        billing = {"every": {"unit": unit}, "dayOfMonth": day}
        plain["lines"] = [{**plain["lines"][1], "billing": billing}]

    assert read(form(change)).lines[0].anchor == anchor


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan", "1e400", "9" * 5000, "0x1F", "1_000"])
def test_a_number_that_is_none_is_refused_by_the_field_that_wanted_one(number: str) -> None:
    text = FORM.replace('amount: "60000.00"', f"amount: {number}")
    with pytest.raises(Invalid) as refused:
        read(read_form(text))
    assert refused.value.problems[0].path == "lines[0].ramp[0].price.amount"


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999999999"])
def test_json_numbers_that_are_none_are_refused(literal: str) -> None:
    text = json.dumps(form()).replace('"60000.00"', literal)
    with pytest.raises(Invalid) as refused:
        read(read_form(text))
    assert refused.value.problems[0].path == "lines[0].ramp[0].price.amount"


def test_a_large_form_of_odd_values_is_refused_quickly() -> None:
    text = "lines:\n" + "- {a: 1, b: [x, {c: d}], kind: RECURRING}\n" * 499
    started = time.perf_counter()
    with pytest.raises(Invalid):
        read(read_form(text))
    assert time.perf_counter() - started < 2


def test_a_form_whose_billing_would_take_for_ever_is_refused_quickly() -> None:
    def change(plain: Form) -> None:
        plain["term"] = {"start": "1970-01-01", "end": "2199-12-31"}
        daily = {"every": {"unit": "DAY"}}
        plain["lines"] = [
            {**plain["lines"][1], "lineId": f"api-{index}", "billing": daily} for index in range(9)
        ]

    started = time.perf_counter()
    assert "OrderTooLarge" in [each.code for each in problems_of(change)]
    assert time.perf_counter() - started < 2


def test_periods_that_end_after_the_calendar_are_refused() -> None:
    found = problems_of(put("lines[1].billing.every", {"count": 1200, "unit": "YEAR"}))
    assert [(each.code, each.path) for each in found] == [
        ("DayOutOfRange", "lines[1].billing.every")
    ]


def test_an_amount_no_ledger_could_hold_is_refused() -> None:
    plain = form(put("totals", ...))
    plain["lines"][2] |= {
        "price": {"model": "PER_UNIT", "unitAmount": "9999999999999"},
        "quantity": "9999999999999",
    }
    with pytest.raises(Invalid) as refused:
        read(plain)
    assert [each.code for each in refused.value.problems] == ["AmountTooLarge"]


KEYS = [
    *("lines", "term", "price", "start", "model", "kind", "every", "billing", "on", "percent"),
    *("amount", "from", "until", "count", "lineId", "quantity", "end", "unit", "uplift", "for"),
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats() | st.just("2025-01-01"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS) | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
PLACES = [
    *("lines", "term", "lines[0]", "lines[1].price", "lines[1].billing", "lines[0].ramp"),
    *("totals", "customer", "signature", "subscriptions", "autoApprove", "effectiveOn"),
    *("lines[2].plan", "lines[2].deposit", "lines[2].instalments", "lines[0].discounts"),
    *("lines[0].freeMonths", "lines[0].stubs", "lines[0].service", "lines[1].covers"),
    *("lines[1].carryOver", "lines[2].done", "changes", "carryOver", "fee", "poNumbers"),
    *("renewal", "uplift", "review", "discounts", "freeMonths", "billingDay", "termEnd"),
    *("sequence", "legalEntityId", "assignTo", "proration", "early"),
]


@given(ANYTHING, st.sampled_from(PLACES), st.sampled_from(OrderKind))
def test_whatever_stands_in_a_field_is_read_or_refused_never_a_crash(
    value: object, path: str, kind: OrderKind
) -> None:
    plain = form(put("kind", kind.value))
    if kind in (OrderKind.EXPANSION, OrderKind.AMENDMENT, OrderKind.TERMINATION):
        plain |= {"effectiveOn": "2025-06-01"}
        del plain["term"]
    terms = ContractTerms(payment_terms=PaymentTerms(45))
    parties = CustomerId("acme"), LegalEntityId("usance-us")
    standing = Standing(*parties, currency("USD"), "Acme", terms)
    put(path, value)(plain)
    with suppress(Invalid):
        order = order_from(plain, order_id=OrderId("ord_1"), standing=standing)
        again = order_from(plain_order(order), order_id=OrderId("ord_2"), standing=standing)
        assert again == order


def test_the_guide_shows_its_examples_as_they_stand() -> None:
    guide = (ROOT / "docs" / "guides" / "order-form.md").read_text(encoding="utf-8")
    for file in (ROOT / "examples" / "orders" / "nordlicht-2025.yaml", *CHANGES):
        assert f"```yaml\n{file.read_text(encoding='utf-8')}```" in guide, file.name


def test_the_guide_names_every_field_of_the_notation() -> None:
    guide = (ROOT / "docs" / "guides" / "order-form.md").read_text(encoding="utf-8")
    sources = Path(order_form.__file__).parent
    of_lines = ("order_*", "line_*", "billing_*", "plan_*", "subscription_*")
    of_terms = ("contract_*", "terms_*", "uplift_*", "approval_*", "feature_*", "particulars*")
    for file in (file for name in (*of_lines, *of_terms) for file in sources.glob(f"{name}.py")):
        name, source = file.name, file.read_text(encoding="utf-8")
        for field in re.findall(r'fields\.(?:need|take)\(\s*"(\w+)"', source):
            assert re.search(rf"\b{field}\b", guide), f"{name}: {field}"
