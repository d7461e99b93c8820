"""The order form: one signed order, as a YAML or JSON document.

The notation is described in `docs/guides/order-form.md`; every example in `examples/orders/` is
read by the tests. What can be checked without the database is checked here, all at once: the
fields, how they fit together (`order_problems`), and the totals (`total_problems`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from usance.documents.order_lines import line_from, plain_line, plain_period
from usance.documents.particulars import customer_from
from usance.documents.plain import (
    Fields,
    amount,
    choice,
    currency,
    day,
    each,
    given,
    name,
    number,
    raise_all,
    ref,
    refusal,
    some,
    text,
    truth,
    whole,
)
from usance.documents.terms_notation import (
    payment_terms_from,
    plain_payment_terms,
)
from usance.documents.yaml_text import read_plain
from usance.domain.calendar import FIRST_DAY, LAST_DAY, Period, month_after
from usance.domain.contracts.order import (
    MAX_LINES,
    ContractTerms,
    Grant,
    Order,
    OrderKind,
    OrderLine,
    Signature,
    SubscriptionTerms,
    order_problems,
)
from usance.domain.contracts.value import total_problems
from usance.domain.customer import Customer
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import ContractId, CustomerId, FeatureId, LegalEntityId, OrderId
from usance.domain.money import Currency, Money
from usance.domain.payment_terms import NET_30, PaymentTerms

VERSION = 1
MAX_MONTHS = 1200
LINE = re.compile(r"lines\[(\d+)\]")
# Stand for a term or currency that was refused, so that the lines are read all the same and their
# problems show too. Nothing is made of them.
ANY_TERM = Period(FIRST_DAY, LAST_DAY)
ANY_CURRENCY = Currency("XXX", 4)


def read_form(written: str) -> dict[str, object]:
    """The order form in a YAML or JSON text, as plain values without floats.

    Raises Invalid (UnreadableOrderForm) with the line as its path.
    """
    return read_plain(written, code="UnreadableOrderForm")


def order_from(
    plain: Mapping[str, object], *, order_id: OrderId, default_terms: PaymentTerms = NET_30
) -> Order:
    """The order in a form. Raises Invalid with every problem found, by its path in the form.

    `order_id` is used when the form names none; `default_terms` are the legal entity's.
    """
    fields = Fields(plain)
    term = fields.need("term", _term, stand_in=ANY_TERM)
    agreed = _Agreed(term, fields.need("currency", currency, stand_in=ANY_CURRENCY))
    lines, line_problems = _lines(fields, agreed)
    order = _without_lines(fields, agreed, OrderId(order_id), default_terms)
    order = replace(order, lines=tuple(lines.values()))
    problems = [*fields.problems, *line_problems]
    if agreed.term is not ANY_TERM:
        problems += _rule_problems(order, list(lines), problems)
    raise_all(problems)
    return order


def customer_in(plain: Mapping[str, object]) -> Customer | None:
    """The customer's particulars, where the form carries them. Raises Invalid."""
    carried = plain.get("customer")
    return None if carried is None else customer_from(carried, "customer")


def plain_order(order: Order) -> dict[str, object]:
    """The order in the form's notation, every default written out: nothing about it depends on
    what the legal entity's terms are when it is read again.
    """
    terms, signature = order.terms, order.signature
    said = {
        "orderForm": VERSION,
        "orderId": order.id,
        "kind": order.kind.value,
        "contractId": order.contract_id,
        "contractName": order.contract_name,
        "customerId": order.customer_id,
        "legalEntityId": order.legal_entity_id,
        "currency": order.currency.code,
        "effectiveOn": order.effective_on.isoformat(),
        "term": plain_period(order.term),
        "paymentTerms": plain_payment_terms(terms.payment_terms),
        "poRequired": terms.is_po_required,
        "consolidate": terms.is_consolidated,
        "usageHoldDays": terms.usage_hold_days,
        "lines": [plain_line(line) for line in order.lines],
    }
    signed = None if signature is None else {"by": signature.by, "on": signature.on.isoformat()}
    under, whole_value = terms.approve_under, order.control_total
    return said | given(
        signature=signed,
        crmRef=order.crm_ref,
        poNumber=terms.po_number,
        autoApprove=None if under is None else {"under": under.text},
        subscriptions=[_plain_subscription(promised) for promised in order.subscriptions],
        totals=None if whole_value is None else {"contractValue": whole_value.text},
        tags=list(order.tags),
    )


class _Agreed(NamedTuple):
    """What the lines are read against."""

    term: Period
    currency: Currency


def _lines(fields: Fields, agreed: _Agreed) -> tuple[dict[int, OrderLine], list[Problem]]:
    """The lines that could be read, by their place in the form, and the problems of the others."""
    read = partial(line_from, term=agreed.term, currency=agreed.currency)
    nothing: tuple[dict[int, OrderLine], list[Problem]] = ({}, [])
    return fields.need("lines", partial(some, read=read, most=MAX_LINES), stand_in=nothing)


def _without_lines(
    fields: Fields, agreed: _Agreed, order_id: OrderId, default_terms: PaymentTerms
) -> Order:
    """The order but for its lines. Of a refused field it holds a stand-in."""
    term, money = agreed
    fields.take("orderForm", _version, VERSION)
    own_id = fields.take("orderId", ref, order_id)
    kind = fields.take("kind", choice(OrderKind), OrderKind.INITIAL)
    contract_id = fields.take("contractId", ref, own_id)
    contract_name = fields.take("contractName", name, contract_id)
    customer_id = _customer_id(fields)
    legal_entity_id = fields.need("legalEntityId", ref)
    effective_on = fields.take("effectiveOn", day, term.start)
    terms = _contract_terms(fields, money, default_terms)
    subscriptions = fields.take("subscriptions", each(_subscription, most=100), ())
    signature = fields.take("signature", _signature, None)
    crm_ref = fields.take("crmRef", text, "")
    control_total = fields.take("totals", partial(_totals, of=money), None)
    tags = fields.take("tags", each(text, most=50), ())
    fields.close()
    return Order(
        id=OrderId(own_id),
        kind=kind,
        customer_id=CustomerId(customer_id),
        legal_entity_id=LegalEntityId(legal_entity_id),
        contract_id=ContractId(contract_id),
        contract_name=contract_name,
        currency=money,
        term=term,
        effective_on=effective_on,
        terms=terms,
        lines=(),
        subscriptions=subscriptions,
        signature=signature,
        crm_ref=crm_ref,
        control_total=control_total,
        tags=tags,
    )


def _contract_terms(fields: Fields, money: Currency, default_terms: PaymentTerms) -> ContractTerms:
    payment_terms = fields.take("paymentTerms", payment_terms_from, default_terms)
    po_number = fields.take("poNumber", text, "")
    is_po_required = fields.take("poRequired", truth, default=False)
    is_consolidated = fields.take("consolidate", truth, default=True)
    usage_hold_days = fields.take("usageHoldDays", whole, 0)
    approve_under = fields.take("autoApprove", partial(_auto_approval, of=money), None)
    try:
        return ContractTerms(
            payment_terms=payment_terms,
            po_number=po_number,
            is_po_required=is_po_required,
            usage_hold_days=usage_hold_days,
            approve_under=approve_under,
            is_consolidated=is_consolidated,
        )
    except Invalid as refused:
        fields.problems += refused.problems
        return ContractTerms(payment_terms=default_terms)


def _rule_problems(order: Order, places: Sequence[int], known: Sequence[Problem]) -> list[Problem]:
    """What is wrong with how it all fits together, the paths as in the form.

    `places[k]` is where line k of `order` stands in the form, for unreadable lines are not in it.
    `known` is what was refused before. Totals are compared only where all that they are made of
    is right.
    """
    has_unread = any(problem.path.startswith("lines") for problem in known)
    found = [
        _moved(problem, places)
        for problem in order_problems(order)
        if problem.code != "OrderWithoutLines" or not has_unread
    ]
    is_too_large = any(problem.code == "OrderTooLarge" for problem in found)
    if is_too_large or not order.lines or order.currency is ANY_CURRENCY:
        return found
    wrong = {_line_of(problem) for problem in found}
    right = [index for index, place in enumerate(places) if place not in wrong]
    is_whole = not has_unread and len(right) == len(places)
    sound = replace(
        order,
        lines=tuple(order.lines[index] for index in right),
        control_total=order.control_total if is_whole else None,
    )
    right_places = [places[index] for index in right]
    return found + [_moved(problem, right_places) for problem in total_problems(sound)]


def _line_of(problem: Problem) -> int | None:
    """Which line a problem is about, None for the order as a whole."""
    match = LINE.match(problem.path)
    return None if match is None else int(match.group(1))


def _moved(problem: Problem, places: Sequence[int]) -> Problem:
    line = _line_of(problem)
    if line is None:
        return problem
    return replace(problem, path=LINE.sub(f"lines[{places[line]}]", problem.path, count=1))


def _version(value: object, path: str) -> int:
    if value != VERSION or isinstance(value, bool):
        raise refusal("UnknownVersion", path, value, f"{VERSION}, the version of this notation")
    return VERSION


def _customer_id(fields: Fields) -> str:
    """From `customerId`, or from the particulars in `customer`."""
    if not fields.has("customer"):
        fields.take("customer", customer_from, None)
        return fields.need("customerId", ref)
    fields.refuse_given(["customerId"], "AmbiguousCustomer", "customerId or customer, not both")
    carried = fields.take("customer", customer_from, None)
    return "" if carried is None else carried.id


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


def _signature(plain: object, path: str) -> Signature:
    fields = Fields(plain, path)
    by, on = fields.need("by", name), fields.need("on", day)
    return fields.made(lambda: Signature(by=by, on=on))


def _auto_approval(plain: object, path: str, *, of: Currency) -> Money:
    fields = Fields(plain, path)
    under = fields.need("under", amount(of))
    return fields.made(lambda: under)


def _totals(plain: object, path: str, *, of: Currency) -> Money:
    fields = Fields(plain, path)
    contract_value = fields.need("contractValue", amount(of))
    return fields.made(lambda: contract_value)


def _subscription(plain: object, path: str) -> SubscriptionTerms:
    fields = Fields(plain, path)
    subscription_ref = fields.need("subscriptionId", ref)
    plan_id = fields.need("planId", ref)
    grants = fields.take("entitlements", each(_grant, most=200), ())
    return fields.made(
        lambda: SubscriptionTerms(ref=subscription_ref, plan_id=plan_id, grants=grants)
    )


def _grant(plain: object, path: str) -> Grant:
    fields = Fields(plain, path)
    feature_id = fields.need("featureId", ref)
    limit = fields.take("limit", _limit, None)
    return fields.made(lambda: Grant(feature_id=FeatureId(feature_id), limit=limit))


def _limit(value: object, path: str) -> Decimal:
    limit = number(value, path)
    if limit < 0:
        raise refusal("NegativeLimit", path, value, "zero or more; without a limit, leave it out")
    return limit


def _plain_subscription(promised: SubscriptionTerms) -> dict[str, object]:
    return {
        "subscriptionId": promised.ref,
        "planId": promised.plan_id,
        "entitlements": [
            given(
                featureId=grant.feature_id,
                limit=None if grant.limit is None else f"{grant.limit:f}",
            )
            for grant in promised.grants
        ],
    }
