"""What a later order does to its contract: change lines, hand it over, renew it, end it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from usance.documents.line_prices import discount_from, plain_amount_off, pricing_at
from usance.documents.plain import (
    Fields,
    amount,
    choice,
    day,
    each,
    given,
    number,
    ref,
    refusal,
    truth,
)
from usance.domain.contracts.order import LineChange, Order, OrderKind
from usance.domain.contracts.order_problems import MAX_LINES
from usance.domain.contracts.terms import Refund, Termination
from usance.domain.money import Currency, Money
from usance.domain.rating.notation import plain_pricing

EFFECTS = ("quantity", "addQuantity", "price", "discount")
NOT_OF_EXPANSIONS = ("quantity", "price", "discount", "end")
FULL_CHANGE = "a quantity, addQuantity, price or discount, or end: true"


def changes_from(fields: Fields, kind: OrderKind) -> tuple[LineChange, ...]:
    """What the order changes about lines that are there. Problems are noted in `fields`."""
    return fields.take("changes", each(partial(_change, kind=kind), most=MAX_LINES), ())


def plain_change(change: LineChange) -> dict[str, object]:
    """A change in its notation."""
    off = change.discount
    return {"lineId": change.ref} | given(
        **{"from": None if change.starts_on is None else change.starts_on.isoformat()},
        until=None if change.until is None else change.until.isoformat(),
        quantity=None if change.quantity is None else f"{change.quantity:f}",
        addQuantity=None if change.adds is None else f"{change.adds:f}",
        price=None if change.pricing is None else plain_pricing(change.pricing),
        discount=None if off is None else plain_amount_off(off),
        end=change.ends or None,
    )


def carries_from(fields: Fields) -> tuple[str, ...] | None:
    """The lines that a renewal takes along: `carryOver: true`, `false`, or their ids."""
    return fields.take("carryOver", _carries, None)


def plain_carries(order: Order) -> object:
    """`carryOver` of a renewal."""
    if order.carries is None:
        return True
    return list(order.carries) or False


def termination_from(fields: Fields, of: Currency) -> Termination:
    """How the contract ends. Problems are noted in `fields`."""
    refund = fields.take("refund", choice(Refund), Refund.NONE)
    is_for_cause = fields.take("forCause", truth, default=False)
    fee = fields.take("fee", partial(_fee, of=of), _Fee())
    return fields.attempt(
        lambda: Termination(
            refund=refund, fee=fee.amount, fee_percent=fee.percent, is_for_cause=is_for_cause
        ),
        Termination(),
    )


def plain_termination(said: Termination) -> dict[str, object]:
    """How the contract ends, as fields of the order."""
    percent = said.fee_percent
    fee = given(
        amount=None if said.fee is None else said.fee.text,
        percent=None if percent is None else f"{percent:f}",
    )
    return {"refund": said.refund.value, "forCause": said.is_for_cause} | given(fee=fee)


class _Fee(NamedTuple):
    """What ending early costs, in one of two ways, or nothing."""

    amount: Money | None = None
    percent: Decimal | None = None


def _fee(plain: object, path: str, *, of: Currency) -> _Fee:
    fields = Fields(plain, path)
    fixed = fields.take("amount", amount(of), None)
    percent = fields.take("percent", number, None)
    if not fields.has("amount") and not fields.has("percent"):
        fields.refuse("MissingField", "amount", "", "an amount or a percent")
    return fields.made(lambda: _Fee(fixed, percent))


def _change(plain: object, path: str, *, kind: OrderKind) -> LineChange:
    """`{lineId, from, until, quantity | addQuantity, price, discount}` or `{lineId, end: true}`."""
    fields = Fields(plain, path)
    line_ref = fields.need("lineId", ref)
    starts_on, until = fields.take("from", day, None), fields.take("until", day, None)
    if kind is OrderKind.EXPANSION:
        expected = "nothing: an EXPANSION adds; an AMENDMENT changes what is there"
        fields.refuse_given(NOT_OF_EXPANSIONS, "NotOfThisKind", expected)
        adds = fields.take("addQuantity", _more, None)
        effects = LineChange(ref=line_ref, adds=adds)
    else:
        effects = _effects(fields, line_ref)
    if not any(fields.has(key) for key in EFFECTS) and not effects.ends:
        fields.problems += refusal("EmptyChange", path, line_ref, FULL_CHANGE).problems
    return fields.made(lambda: replace(effects, starts_on=starts_on, until=until))


def _effects(fields: Fields, line_ref: str) -> LineChange:
    ends = fields.take("end", truth, default=False)
    quantity = fields.take("quantity", number, None)
    adds = fields.take("addQuantity", number, None)
    pricing = fields.take("price", pricing_at, None)
    discount = fields.take("discount", discount_from, None)
    if fields.has("quantity") and fields.has("addQuantity"):
        expected = "nothing beside quantity: all of them, or how many more"
        fields.refuse("AmbiguousChange", "addQuantity", adds, expected)
    if ends:
        expected = "nothing beside end: true, for the line is no more"
        fields.refuse_given([*EFFECTS, "until"], "AmbiguousChange", expected)
    return LineChange(
        ref=line_ref, quantity=quantity, adds=adds, pricing=pricing, discount=discount, ends=ends
    )


def _more(value: object, path: str) -> Decimal:
    more = number(value, path)
    if more <= 0:
        expected = "more than zero: an EXPANSION adds; an AMENDMENT takes away"
        raise refusal("NotOfThisKind", path, value, expected)
    return more


def _carries(value: object, path: str) -> tuple[str, ...] | None:
    if value is True:
        return None
    if value is False:
        return ()
    if not isinstance(value, list | tuple):
        raise refusal("WrongType", path, value, "true, false or a list of lineIds")
    return each(ref, most=MAX_LINES)(value, path)
