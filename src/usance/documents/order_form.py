"""The order form: one signed order, as a YAML or JSON document.

The notation is described in `docs/guides/order-form.md`; every example in `examples/orders/` is
read by the tests. What can be checked without the database is checked here, all at once: the
fields, how they fit together (`order_problems`), and the totals (`total_problems`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from usance.documents.billing_notation import Frame, plain_period
from usance.documents.contract_notation import (
    plain_terms,
    plain_terms_change,
    terms_change_from,
    terms_from,
)
from usance.documents.line_prices import dated_discounts, plain_discount
from usance.documents.order_changes import (
    carries_from,
    changes_from,
    plain_carries,
    plain_change,
    plain_termination,
    termination_from,
)
from usance.documents.order_kinds import (
    ANY_CURRENCY,
    ANY_TERM,
    Span,
    Standing,
    currency_from,
    parties_from,
    refuse_of_others,
    sequence_from,
    span_from,
)
from usance.documents.order_lines import line_from, plain_line
from usance.documents.particulars import customer_from
from usance.documents.plain import (
    Fields,
    amount,
    choice,
    day,
    each,
    given,
    name,
    raise_all,
    ref,
    refusal,
    some,
    text,
    truth,
    whole,
)
from usance.documents.plan_notation import as_written
from usance.documents.rate_card_notation import PRICE_SOURCES
from usance.documents.subscription_notation import plain_subscription, subscription_from
from usance.documents.uplift_notation import plain_uplift, uplift_from
from usance.documents.yaml_text import read_plain
from usance.domain.contracts.order import Order, OrderKind, OrderLine, Signature
from usance.domain.contracts.order_problems import MAX_LINES, NEW_TERM, order_problems
from usance.domain.contracts.plan_problems import plan_amount_problems
from usance.domain.contracts.terms import ContractTerms
from usance.domain.contracts.value import total_problems
from usance.domain.customer import Customer
from usance.domain.errors import Problem
from usance.domain.ids import ContractId, OrderId
from usance.domain.money import Currency, Money
from usance.domain.payment_terms import NET_30, PaymentTerms

VERSION = 1
LINE = re.compile(r"lines\[(\d+)\]")


def read_form(written: str) -> dict[str, object]:
    """The order form in a YAML or JSON text, as plain values without floats.

    Raises Invalid (UnreadableOrderForm) with the line as its path.
    """
    return read_plain(written, code="UnreadableOrderForm")


def order_from(
    plain: Mapping[str, object],
    *,
    order_id: OrderId,
    default_terms: PaymentTerms = NET_30,
    standing: Standing | None = None,
) -> Order:
    """The order in a form. Raises Invalid with every problem found, by its path in the form.

    `order_id` is used when the form names none; `default_terms` are the legal entity's.
    `standing`: the contract as it is, for an order that is not its first: the form may then leave
    out customer, entity and currency, and must agree with it where it does not.
    """
    fields = Fields(plain)
    kind = fields.take("kind", choice(OrderKind), OrderKind.INITIAL)
    found = None if kind is OrderKind.INITIAL else standing
    span = span_from(fields, kind)
    reading = _Reading(fields, kind, span, currency_from(fields, found), found, default_terms)
    lines, line_problems = _lines(reading)
    order = replace(_without_lines(reading, order_id), lines=tuple(lines.values()))
    problems = [*fields.problems, *line_problems]
    if span.term is not ANY_TERM:
        has_unread = any(each.path == "lines" for each in fields.problems) or bool(line_problems)
        problems += _rule_problems(order, list(lines), problems, has_unread=has_unread)
    written = [_as_written(problem, plain) for problem in problems]
    raise_all(list({(each.code, each.path): each for each in reversed(written)}.values())[::-1])
    return order


def read_order(kept: Mapping[str, object], order_id: OrderId) -> Order:
    """The order of a form as it is kept: every default is written out, nothing else is needed."""
    said = {key: value for key, value in kept.items() if key != PRICE_SOURCES}
    return order_from(said, order_id=order_id)


def customer_in(plain: Mapping[str, object]) -> Customer | None:
    """The customer's particulars, where the form carries them. Raises Invalid."""
    carried = plain.get("customer")
    return None if carried is None else customer_from(carried, "customer")


def plain_order(order: Order) -> dict[str, object]:
    """The order in the form's notation, every default written out: nothing about it depends on
    what the legal entity's terms, or the contract, are when it is read again.
    """
    signature = order.signature
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
        "sequence": order.sequence,
    }
    signed = None if signature is None else {"by": signature.by, "on": signature.on.isoformat()}
    said |= given(signature=signed, crmRef=order.crm_ref, tags=list(order.tags))
    if order.termination is not None:
        return said | plain_termination(order.termination)
    if order.kind is OrderKind.INITIAL:
        said |= plain_terms(order.terms, order.currency)
    else:
        said |= _plain_later(order)
    if order.kind in NEW_TERM:
        said["term"] = plain_period(order.term)
    return said | _plain_sold(order)


def _plain_sold(order: Order) -> dict[str, object]:
    """What is sold; an empty list of lines is left out."""
    whole_value = order.control_total
    return given(
        discounts=[plain_discount(dated) for dated in order.discounts],
        lines=[plain_line(line) for line in order.lines],
        subscriptions=[plain_subscription(promised) for promised in order.subscriptions],
        totals=None if whole_value is None else {"contractValue": whole_value.text},
    )


def _plain_later(order: Order) -> dict[str, object]:
    """What a later order changes."""
    parties = order.party_change
    is_renewal = order.kind is OrderKind.RENEWAL
    said = plain_terms_change(order.terms_change, uplift_key=_yearly(order.kind))
    said |= given(
        assignTo=parties.customer_id,
        newLegalEntityId=parties.legal_entity_id,
        changes=[plain_change(change) for change in order.changes],
        termEnd=order.term.end.isoformat() if order.moves_end else None,
        uplift=None if order.uplift is None else plain_uplift(order.uplift),
    )
    if is_renewal:
        said |= {"early": order.is_early, "carryOver": plain_carries(order)}
    return said


class _Reading(NamedTuple):
    """One form while it is read, and what it is read against."""

    fields: Fields
    kind: OrderKind
    span: Span
    currency: Currency
    standing: Standing | None
    default_terms: PaymentTerms


def _yearly(kind: OrderKind) -> str:
    """What the notation calls the uplift of each anniversary: a renewal has one of its own."""
    return "yearlyUplift" if kind is OrderKind.RENEWAL else "uplift"


def _lines(reading: _Reading) -> tuple[dict[int, OrderLine], list[Problem]]:
    """The lines that could be read, by their place in the form, and the problems of the others."""
    fields, kind = reading.fields, reading.kind
    nothing: tuple[dict[int, OrderLine], list[Problem]] = ({}, [])
    if kind is OrderKind.TERMINATION:
        return nothing
    billing_day = fields.take("billingDay", _day_of_month, None)
    is_open = kind not in NEW_TERM
    frame = Frame(reading.span.term, reading.currency, is_open, billing_day)
    read = partial(some, read=partial(line_from, frame=frame), most=MAX_LINES)
    if kind is OrderKind.INITIAL:
        return fields.need("lines", read, stand_in=nothing)
    return fields.take("lines", read, nothing)


def _without_lines(reading: _Reading, order_id: OrderId) -> Order:
    """The order but for its lines. Of a refused field it holds a stand-in."""
    fields, kind = reading.fields, reading.kind
    fields.take("orderForm", _version, VERSION)
    own_id = fields.take("orderId", ref, order_id)
    contract_id = _contract_id(fields, kind, own_id)
    parties = parties_from(fields, kind, reading.standing, contract_id=contract_id)
    sequence = sequence_from(fields)
    signature = fields.take("signature", _signature, None)
    crm_ref = fields.take("crmRef", text, "")
    tags = fields.take("tags", each(text, most=50), ())
    order = Order(
        id=OrderId(own_id),
        kind=kind,
        contract_id=ContractId(contract_id),
        currency=reading.currency,
        sequence=sequence,
        terms=_terms(reading),
        signature=signature,
        crm_ref=crm_ref,
        tags=tags,
        **parties._asdict(),
        **reading.span._asdict(),
    )
    order = _ended(reading, order) if kind is OrderKind.TERMINATION else _sold(reading, order)
    refuse_of_others(fields, kind)
    fields.close()
    return order


def _contract_id(fields: Fields, kind: OrderKind, own_id: str) -> str:
    if kind is OrderKind.INITIAL:
        return fields.take("contractId", ref, own_id)
    return fields.need("contractId", ref, stand_in=own_id)


def _terms(reading: _Reading) -> ContractTerms:
    """The terms of a new contract; those that stand, of one that is changed."""
    if reading.kind is OrderKind.INITIAL:
        return terms_from(reading.fields, reading.currency, reading.default_terms)
    if reading.standing is not None:
        return reading.standing.terms
    return ContractTerms(payment_terms=reading.default_terms)


def _ended(reading: _Reading, order: Order) -> Order:
    return replace(order, termination=termination_from(reading.fields, reading.currency))


def _sold(reading: _Reading, order: Order) -> Order:
    """The order with what every kind but a TERMINATION may have, and what its own has."""
    fields, kind = reading.fields, reading.kind
    subscriptions = fields.take("subscriptions", each(subscription_from, most=100), ())
    control_total = fields.take("totals", partial(_totals, of=reading.currency), None)
    order = replace(order, subscriptions=subscriptions, control_total=control_total)
    if kind is not OrderKind.EXPANSION:
        order = replace(order, discounts=dated_discounts(fields, reading.span.term.start))
    if kind is OrderKind.INITIAL:
        return order
    order = replace(order, changes=changes_from(fields, kind))
    if kind is OrderKind.RENEWAL:
        order = replace(
            order,
            carries=carries_from(fields),
            is_early=fields.take("early", truth, default=False),
            uplift=fields.take("uplift", uplift_from, None),
        )
    return replace(order, terms_change=terms_change_from(fields, uplift_key=_yearly(kind)))


def _rule_problems(
    order: Order, places: Sequence[int], known: Sequence[Problem], *, has_unread: bool
) -> list[Problem]:
    """What is wrong with how it all fits together, the paths as in the form.

    `places[k]` is where line k of `order` stands in the form, for unreadable lines are not in it.
    `known` is what was refused before. Totals are compared only where all that they are made of
    is right.
    """
    untold = {"OrderWithoutLines", "UnknownLine"} if has_unread else set()
    if known:  # what was refused may be what the order says
        untold.add("EmptyOrder")
    found = [
        _moved(problem, places) for problem in order_problems(order) if problem.code not in untold
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
    return found + [_moved(problem, right_places) for problem in _amount_problems(sound)]


def _amount_problems(order: Order) -> list[Problem]:
    """Plans and totals that are not what the lines come to.

    What a later order comes to depends on the contract it changes: `timeline` compares its totals.
    """
    plans = [
        problem.under(f"lines[{index}]")
        for index, line in enumerate(order.lines)
        for problem in plan_amount_problems(line, order.currency)
    ]
    return plans + (total_problems(order) if order.kind is OrderKind.INITIAL else [])


def _line_of(problem: Problem) -> int | None:
    """Which line a problem is about, None for the order as a whole."""
    match = LINE.match(problem.path)
    return None if match is None else int(match.group(1))


def _moved(problem: Problem, places: Sequence[int]) -> Problem:
    line = _line_of(problem)
    if line is None:
        return problem
    return replace(problem, path=LINE.sub(f"lines[{places[line]}]", problem.path, count=1))


def _as_written(problem: Problem, plain: Mapping[str, object]) -> Problem:
    """The same problem, its path into a plan that was written as a deposit or instalments."""
    index, match = _line_of(problem), LINE.match(problem.path)
    lines = plain.get("lines")
    if match is None or index is None or not isinstance(lines, list) or index >= len(lines):
        return problem
    line, start = lines[index], f"{match.group()}."
    if not isinstance(line, Mapping) or not problem.path.startswith(start):
        return problem
    return replace(problem, path=start + as_written(problem.path.removeprefix(start), line))


def _version(value: object, path: str) -> int:
    if value != VERSION or isinstance(value, bool):
        raise refusal("UnknownVersion", path, value, f"{VERSION}, the version of this notation")
    return VERSION


def _signature(plain: object, path: str) -> Signature:
    fields = Fields(plain, path)
    by, on = fields.need("by", name), fields.need("on", day)
    return fields.made(lambda: Signature(by=by, on=on))


def _totals(plain: object, path: str, *, of: Currency) -> Money:
    fields = Fields(plain, path)
    contract_value = fields.need("contractValue", amount(of))
    return fields.made(lambda: contract_value)


def _day_of_month(value: object, path: str) -> int:
    number = whole(value, path)
    if not 1 <= number <= 31:
        raise refusal("InvalidDayOfMonth", path, value, "a day of the month, 1 to 31")
    return number
