"""Ordered, agreed, provisioned and billed side by side, and every difference by its code.

Nothing is wrong by itself because two of them differ: a later order may have changed a line, an
invoice may not be due. The code says which it is, so that people look where it matters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from usance.domain.contracts.billed_value import LineValue
from usance.domain.contracts.contract import Contract, ContractLine
from usance.domain.contracts.order import Grant, Order, OrderLine, Segment, SubscriptionTerms
from usance.domain.due_items import LineKind
from usance.domain.ids import FeatureId

NOTHING = Decimal(0)


class Gap(StrEnum):
    """In what two sides differ."""

    NOT_ON_CONTRACT = "LineNotOnContract"
    ENDED = "LineEnded"  # it is on the contract, and runs no more
    WINDOW = "ServiceDiffers"
    QUANTITY = "QuantityDiffers"
    PRICE = "PriceDiffers"  # discounts apart; it names the orders that agreed the two
    NOT_PROVISIONED = "NotProvisioned"
    GRANT = "GrantDiffers"  # of a subscription, or of the seats billed beside the seats granted
    NOT_BILLED_YET = "NotBilledYet"  # due, and on no document
    BILLED_MORE = "BilledMore"  # more stands on documents than is agreed


@dataclass(frozen=True, slots=True)
class Difference:
    """One side says `ordered`, the other `found`; the code says which sides."""

    code: Gap
    ordered: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """A subscription as it is."""

    ref: str
    plan_id: str
    status: str
    is_running: bool  # or will be
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class LineCompared:
    """A line as ordered, as the contract has it on a day, and what stands of it on documents."""

    ordered: OrderLine
    agreed: ContractLine | None
    value: LineValue | None
    differences: tuple[Difference, ...]

    def quantity_on(self, day: date) -> Decimal:
        """The quantity the contract has that day; as ordered, where it has no such line."""
        sold = self.ordered if self.agreed is None else self.agreed.sold
        return _at(sold, day).quantity


@dataclass(frozen=True, slots=True)
class SubscriptionCompared:
    """A subscription as ordered and as provisioned."""

    ordered: SubscriptionTerms
    provisioned: Provisioned | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """An order beside what came of it."""

    lines: tuple[LineCompared, ...]
    subscriptions: tuple[SubscriptionCompared, ...]


def compared(
    order: Order,
    contract: Contract | None,
    values: Sequence[LineValue],
    provisioned: Collection[Provisioned],
    *,
    on: date,
) -> Compared:
    """The lines and subscriptions of `order` beside `contract` (None: there is none yet), what was
    billed of it and what is provisioned, as of a day.
    """
    by_line = {each.line.id: each for each in values}
    by_ref = {each.ref: each for each in provisioned}
    granted = _granted(provisioned)
    lines = []
    for sold in order.lines:
        agreed = None if contract is None else _agreed(contract, sold)
        value = None if agreed is None else by_line.get(agreed.id)
        found = [*_line_gaps(sold, agreed, on), *_grant_gaps(agreed, granted, on), *_billing(value)]
        lines.append(LineCompared(sold, agreed, value, tuple(found)))
    promised = [
        SubscriptionCompared(each, by_ref.get(each.ref), tuple(_gaps(each, by_ref.get(each.ref))))
        for each in order.subscriptions
    ]
    return Compared(tuple(lines), tuple(promised))


def _agreed(contract: Contract, sold: OrderLine) -> ContractLine | None:
    """The contract's line of that ref and first day; of a milestone reached since, of that ref."""
    own = [line for line in contract.lines if line.sold.ref == sold.ref]
    exact = [line for line in own if line.opened_on == sold.window.start]
    return next(iter(exact or own), None)


def _at(sold: OrderLine, on: date) -> Segment:
    """What holds on a day; before its days what it begins with, after them what it ended with."""
    if on < sold.window.start:
        return sold.segments[0]
    return next((each for each in sold.segments if on in each.period), sold.segments[-1])


def _line_gaps(sold: OrderLine, agreed: ContractLine | None, on: date) -> Iterator[Difference]:
    if agreed is None:
        yield Difference(Gap.NOT_ON_CONTRACT, sold.ref, "")
        return
    now = agreed.sold
    if now.is_void or (now.window.end < sold.window.end and not sold.ends_with_contract):
        end = now.window.start if now.is_void else now.window.end
        yield Difference(Gap.ENDED, str(sold.window), str(end))
    elif now.window != sold.window and not sold.ends_with_contract and not sold.is_done_later:
        yield Difference(Gap.WINDOW, str(sold.window), str(now.window))
    ordered, held = _at(sold, on), _at(now, on)
    if sold.kind is not LineKind.USAGE and ordered.quantity != held.quantity:
        yield Difference(Gap.QUANTITY, f"{ordered.quantity:f}", f"{held.quantity:f}")
    if replace(ordered.pricing, discounts=()) != replace(held.pricing, discounts=()):
        yield Difference(Gap.PRICE, agreed.order_id, held.order_id or agreed.order_id)


def _grant_gaps(
    agreed: ContractLine | None, granted: Mapping[FeatureId, Decimal | None], on: date
) -> Iterator[Difference]:
    """Seats that are billed beside seats that may be used."""
    if agreed is None or agreed.sold.kind is not LineKind.RECURRING:
        return
    feature_id = agreed.sold.feature_id
    if feature_id is None or feature_id not in granted or agreed.sold.is_void:
        return
    limit, billed = granted[feature_id], _at(agreed.sold, on).quantity
    if limit is not None and limit != billed:
        yield Difference(Gap.GRANT, f"{billed:f}", f"{limit:f}")


def _granted(provisioned: Collection[Provisioned]) -> dict[FeatureId, Decimal | None]:
    """What the subscriptions that run grant together; None: without limit."""
    found: dict[FeatureId, Decimal | None] = {}
    for grant in (grant for each in provisioned if each.is_running for grant in each.grants):
        before = found.get(grant.feature_id, NOTHING)
        is_open = before is None or grant.limit is None
        found[grant.feature_id] = (
            None if is_open else (before or NOTHING) + (grant.limit or NOTHING)
        )
    return found


def _billing(value: LineValue | None) -> Iterator[Difference]:
    if value is None:
        return
    if not value.unbilled.is_zero:
        yield Difference(Gap.NOT_BILLED_YET, value.unbilled.text, "0")
    if value.remaining.is_negative:
        yield Difference(Gap.BILLED_MORE, value.committed.text, value.billed.text)


def _gaps(promised: SubscriptionTerms, found: Provisioned | None) -> Iterator[Difference]:
    if found is None or not found.is_running:
        status = "" if found is None else found.status
        yield Difference(Gap.NOT_PROVISIONED, promised.ref, status)
        return
    if promised.plan_id != found.plan_id:
        yield Difference(Gap.GRANT, promised.plan_id, found.plan_id)
    limits = {grant.feature_id: grant.limit for grant in found.grants}
    for grant in promised.grants:
        held = limits.get(grant.feature_id, NOTHING)
        if grant.limit != held:
            yield Difference(Gap.GRANT, _limit(grant.limit), _limit(held))


def _limit(limit: Decimal | None) -> str:
    return "unlimited" if limit is None else f"{limit:f}"
