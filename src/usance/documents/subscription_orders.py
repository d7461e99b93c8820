"""The orders of the contract that a paid subscription is billed by, in the order form's notation.

The first opens it; each later one changes what differs between what is wanted from a day on and
what the contract says, so that the same again makes no order. A line is found by its key; one that
cannot be changed as it is ends, and another takes its place under the key and a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from usance.documents.billing_notation import Frame
from usance.documents.order_lines import line_from, plain_line
from usance.documents.plain import given
from usance.domain.calendar import LAST_DAY, Period
from usance.domain.contracts.contract import Contract, ContractLine
from usance.domain.contracts.order import OrderKind, OrderLine, Segment
from usance.domain.contracts.segments import clipped
from usance.domain.contracts.terms import Corrections
from usance.domain.due_items import LineKind
from usance.domain.ids import ContractId, CustomerId, LegalEntityId
from usance.domain.payment_terms import PaymentTerms
from usance.domain.rating.notation import plain_pricing
from usance.domain.rating.prices import Pricing

TAG = "subscription"
COUNTED = (LineKind.USAGE, LineKind.COMMITMENT)
RENEWED = {"automatic": True, "months": 12}
ENDS = {"automatic": False, "months": 12}

Lines = Sequence[dict[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Who the agreement is with, in which currency, for which days, due after how many."""

    id: ContractId
    name: str
    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    currency: str
    days: Period
    days_until_due: int | None = None


class Change(NamedTuple):
    """An order to be made of what differs: its number among those of the contract, its day."""

    number: int
    day: date


def opening_form(opening: Opening, lines: Lines) -> dict[str, object]:
    """The order that makes the agreement."""
    due = opening.days_until_due
    return {
        "orderForm": 1,
        "orderId": f"{opening.id}:1",
        "kind": OrderKind.INITIAL.value,
        "contractId": opening.id,
        "contractName": opening.name,
        "customerId": opening.customer_id,
        "legalEntityId": opening.legal_entity_id,
        "currency": opening.currency,
        "term": {"start": opening.days.start.isoformat(), "end": opening.days.end.isoformat()},
        "renewal": RENEWED,
        "lines": list(lines),
        "tags": [TAG],
    } | given(paymentTerms=None if due is None else {"netDays": due})


def less_once(lines: Lines, earlier: Iterable[Contract]) -> list[dict[str, object]]:
    """The lines, of what is due once less what earlier agreements of the subscription charged."""
    charged: dict[object, Decimal] = {}
    for line in (line for contract in earlier for line in contract.lines):
        if line.sold.kind.is_once:
            key = key_of(line)
            charged[key] = charged.get(key, Decimal(0)) + line.sold.segments[0].quantity
    found = []
    for plain in lines:
        before = charged.get(plain["lineId"]) if is_due_once(plain) else None
        left = None if before is None else Decimal(str(plain["quantity"])) - before
        if left is None:
            found.append(plain)
        elif left > 0:
            found.append({**plain, "quantity": f"{left:f}"})
    return found


def is_due_once(plain: Mapping[str, object]) -> bool:
    """True of a line that falls due on one day."""
    return LineKind(str(plain["kind"])).is_once


def changing_form(
    contract: Contract,
    lines: Lines,
    change: Change,
    *,
    payer_id: CustomerId,
    days_until_due: int | None = None,
    corrections: Corrections = Corrections.NEXT_INVOICE,
) -> dict[str, object] | None:
    """What brings a contract to these lines from a day on; None: nothing does, it is as wanted.

    `corrections`: on which invoice what it comes to stands, from that day on.
    """
    wanted = list(_read(lines, contract, change.day))
    running = {key_of(line): line for line in _running(contract, change.day)}
    changes: list[dict[str, object]] = []
    added: list[dict[str, object]] = []
    for line, plain in wanted:
        if line.kind.is_once:
            added += _once(contract, line, plain)
            continue
        there = running.pop(line.ref, None)
        if there is not None and _is_alike(there.sold, line):
            changes += _changes(there, line, change.day)
            continue
        if there is not None:
            changes.append(_ended(there, change.day))
        added.append(plain)
    changes += [_ended(each, change.day) for each in running.values()]
    terms = None if days_until_due is None else PaymentTerms(days_until_due)
    said = given(
        changes=changes,
        lines=[_numbered(each, change.number, contract) for each in added],
        assignTo=None if payer_id == contract.customer_id else payer_id,
        paymentTerms=None
        if terms is None or terms == contract.terms.payment_terms
        else {"netDays": days_until_due},
    )
    if not said:
        return None
    if contract.on(change.day).terms.corrections is not corrections:
        said["corrections"] = corrections.value
    return _later(OrderKind.AMENDMENT, contract, change) | said


def split_form(contract: Contract, change: Change) -> dict[str, object] | None:
    """What has all usage so far billed: each line that counts ends, and goes on as another."""
    counting = [each for each in _running(contract, change.day) if each.sold.kind in COUNTED]
    split = [each for each in counting if each.sold.window.start < change.day]
    if not split:
        return None
    return _later(OrderKind.AMENDMENT, contract, change) | {
        "changes": [_ended(each, change.day) for each in split],
        "lines": [_numbered(_again(each, change.day), change.number, contract) for each in split],
    }


def bounding_form(
    contract: Contract, change: Change, *, end: date, is_last: bool
) -> dict[str, object] | None:
    """What has a contract end on a day, for good or to be renewed; None: it does."""
    renewal = contract.terms.renewal
    is_renewed = renewal is not None and renewal.is_automatic
    said = given(
        termEnd=None if end == contract.term.end else end.isoformat(),
        renewal=None if is_renewed is not is_last else ENDS if is_last else RENEWED,
    )
    return _later(OrderKind.AMENDMENT, contract, change) | said if said else None


def ending_form(contract: Contract, change: Change, *, is_refunded: bool) -> dict[str, object]:
    """The order after which there is no other."""
    refund = "PRO_RATA" if is_refunded else "NONE"
    return _later(OrderKind.TERMINATION, contract, change) | {"refund": refund}


def key_of(line: ContractLine) -> str:
    """What a line charges for, whichever version it came with."""
    return line.sold.ref.partition("|")[0]


def _later(kind: OrderKind, contract: Contract, change: Change) -> dict[str, object]:
    return {
        "orderForm": 1,
        "orderId": f"{contract.id}:{change.number}",
        "kind": kind.value,
        "contractId": contract.id,
        "effectiveOn": change.day.isoformat(),
        "sequence": min(change.number, 10_000),
        "tags": [TAG],
    }


def _read(
    lines: Lines, contract: Contract, day: date
) -> Iterator[tuple[OrderLine, dict[str, object]]]:
    frame = Frame(Period(day, LAST_DAY), contract.currency, is_open=True)
    read = partial(line_from, frame=frame)
    for index, plain in enumerate(lines):
        yield read(plain, f"lines[{index}]"), plain


def _running(contract: Contract, day: date) -> list[ContractLine]:
    return [
        each
        for each in contract.lines
        if not each.sold.is_void and not each.sold.kind.is_once and day in each.sold.window
    ]


def _is_alike(there: OrderLine, wanted: OrderLine) -> bool:
    """True when one can become the other by changes of price and quantity."""
    if (
        there.kind is LineKind.COMMITMENT
        and there.segments[0].pricing != wanted.segments[0].pricing
    ):
        return False
    return _shape(there) == _shape(wanted)


def _shape(line: OrderLine) -> tuple[object, ...]:
    counted = line.feature_id, line.used_by, line.tier_scope
    return line.kind, line.cadence, line.timing, line.anchor, counted


class _Stretch(NamedTuple):
    """Days at one price and quantity."""

    days: Period
    pricing: Pricing
    quantity: Decimal


def _stretches(segments: Iterable[Segment], days: Period) -> list[_Stretch]:
    found: list[_Stretch] = []
    for segment in segments:
        inside = segment.period.overlap(days)
        if inside is None:
            continue
        new = _Stretch(inside, segment.pricing, segment.quantity)
        if found and found[-1][1:] == new[1:]:
            new = new._replace(days=Period(found.pop().days.start, inside.end))
        found.append(new)
    return found


def _changes(there: ContractLine, wanted: OrderLine, day: date) -> Iterator[dict[str, object]]:
    """What of a line's price and quantity becomes another, stretch by stretch."""
    days = Period(day, there.sold.window.end)
    before, after = _stretches(there.sold.segments, days), _stretches(wanted.segments, days)
    if before == after:
        return
    is_one = len(before) == len(after) == 1
    for stretch in after:
        is_same_price = is_one and stretch.pricing == before[0].pricing
        is_counted = wanted.kind is LineKind.USAGE
        until = stretch.days.end
        yield {"lineId": there.sold.ref, "from": stretch.days.start.isoformat()} | given(
            until=until.isoformat() if until < days.end else None,
            price=None if is_same_price else plain_pricing(stretch.pricing),
            quantity=None if is_counted else f"{stretch.quantity:f}",
        )


def _once(
    contract: Contract, line: OrderLine, plain: dict[str, object]
) -> Iterator[dict[str, object]]:
    """What is due once, less what of it was charged before."""
    charged = sum(
        each.sold.segments[0].quantity for each in contract.lines if key_of(each) == line.ref
    )
    left = line.segments[0].quantity - charged
    if left > 0:
        yield plain | {"quantity": f"{left:f}"}


def _again(line: ContractLine, day: date) -> dict[str, object]:
    """The line as it goes on from a day, under its key."""
    days = Period(day, line.sold.window.end)
    sold = replace(line.sold, window=days, segments=clipped(line.sold.segments, days))
    return plain_line(sold) | {"lineId": key_of(line)}


def _ended(line: ContractLine, day: date) -> dict[str, object]:
    return {"lineId": line.sold.ref, "from": day.isoformat(), "end": True}


def _numbered(plain: dict[str, object], number: int, contract: Contract) -> dict[str, object]:
    """The line under a reference of its own, where its key was used before."""
    key = str(plain["lineId"])
    is_used = any(key_of(line) == key for line in contract.lines)
    return plain | {"lineId": f"{key}|{number}"} if is_used else plain
