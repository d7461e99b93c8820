"""One timeline explains a contract: what each order changed, and how two states differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.contracts.changes_wire import ChangesWire
from usance.api.contracts.wire import day_in
from usance.api.envelope import Amount, CurrencyCode, Quantity, Single, Wire
from usance.api.fields import PathId
from usance.api.route import resource
from usance.documents.order_form import read_order
from usance.domain.contracts.agreement import Raise
from usance.domain.contracts.changes_between import changes_between
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.history import Chapter, history
from usance.domain.contracts.order import Order, OrderKind
from usance.domain.contracts.timeline import as_of
from usance.domain.contracts.value import ContractValue, contract_value
from usance.domain.errors import Invalid, NotFound, Problem
from usance.domain.ids import ContractId, OrderId
from usance.domain.money import Money
from usance.domain.rounding import RoundingMode, round_to
from usance.store import timelines
from usance.store.timelines import Agreed

PLACES = 12

router = resource("contracts", tag="Contracts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Two states, each by a day or by an order."""

    starting: Annotated[
        str | None, Query(alias="from", max_length=40, description="As agreed by that day.")
    ] = None
    to: Annotated[str | None, Query(max_length=40, description="As agreed by that day.")] = None
    from_order: Annotated[
        str | None, Query(alias="fromOrder", max_length=255, description="After that order.")
    ] = None
    to_order: Annotated[
        str | None, Query(alias="toOrder", max_length=255, description="After that order.")
    ] = None


class WorthWire(Wire):
    """What a contract is worth, before tax."""

    total_contract_value: Amount
    annual_contract_value: Amount


class TimelineOrderWire(Wire):
    """An order that was fulfilled, and what it changed."""

    order_id: str
    kind: OrderKind
    signed_on: str | None
    sequence: int
    changes: ChangesWire
    troubles: list[str] = Field(description="What of it could not take effect, and why.")


class TimelineUpliftWire(Wire):
    """An anniversary, or a renewal, on which prices rise."""

    factor: Quantity = Field(description="What prices are multiplied by.", examples=["1.03"])
    percent: Quantity | None = Field(description="Of a fixed rise.")
    index: str | None = Field(description="The index series it follows.", examples=["CPI-U"])
    index_month: str | None = Field(description="The first day of the month it looks at.")
    against_month: str | None = Field(description="Of the month it compares with.")
    is_provisional: bool = Field(description="The index is not published yet: taken at the floor.")


class TimelineEventWire(Wire):
    """One step of the contract, and what it is worth from then on, uplifts to come included."""

    on: str
    kind: Literal["ORDER", "UPLIFT"]
    order: TimelineOrderWire | None
    uplift: TimelineUpliftWire | None
    value: WorthWire


class TimelineWire(Wire):
    """The contract's whole life by day: its orders, and the uplifts they agreed."""

    contract_id: str
    currency: CurrencyCode
    events: list[TimelineEventWire]


class DiffWire(Wire):
    """Two states of a contract and every difference, by name."""

    contract_id: str
    currency: CurrencyCode
    orders_between: list[str] = Field(description="Those that made the difference, by day.")
    before: WorthWire
    after: WorthWire
    changes: ChangesWire


@router.get("/{id}/timeline", operation_id="getContractTimeline", summary="Its whole life")
def get_timeline(caller: Asked, id: PathId) -> Single[TimelineWire]:
    """Every order by effective day, with what it changed, the uplifts between, and the value
    after each.
    """
    agreed = _agreed(caller, id)
    chapters = list(history(agreed.orders, line_id=agreed.line_id, known=agreed.known))
    events = [_order_event(each) for each in chapters]
    events += [_uplift_event(each, chapters) for each in chapters[-1].raises]
    events.sort(key=lambda event: event.on)  # stable: on one day the order comes first
    shown = TimelineWire(contract_id=id, currency=agreed.contract.currency.code, events=events)
    return Single(data=shown)


@router.get("/{id}/diff", operation_id="getContractDiff", summary="How two states of it differ")
def get_diff(caller: Asked, id: PathId, asked: Annotated[Between, Depends()]) -> Single[DiffWire]:
    """As was agreed by two days (`from`, `to`), or after two orders (`fromOrder`, `toOrder`);
    `toOrder` alone: what that order changed.
    """
    agreed = _agreed(caller, id)
    taken = _taken(agreed, asked.starting, asked.from_order, names=("from", "fromOrder"))
    later = _taken(agreed, asked.to, asked.to_order, names=("to", "toOrder"))
    if taken is None and asked.to_order is not None and later is not None:
        taken = later[:-1]
    if taken is None or later is None:
        missing = "from" if taken is None else "to"
        raise Invalid(Problem("MissingField", missing, "", "a day, or an order's id"))
    before, after = agreed.after(taken or agreed.orders[:1]), agreed.after(later)
    between = [str(each.id) for each in agreed.orders if (each in taken) != (each in later)]
    is_first = not taken
    shown = DiffWire(
        contract_id=id,
        currency=agreed.contract.currency.code,
        orders_between=between,
        before=_nothing(agreed) if is_first else _worth(before),
        after=_worth(after),
        changes=ChangesWire.of(changes_between(None if is_first else before, after)),
    )
    return Single(data=shown)


def _agreed(caller: Caller, contract_id: str) -> Agreed:
    with caller.transaction() as tx:
        return timelines.agreed(tx, ContractId(contract_id), read_order)


def _taken(
    agreed: Agreed, day: str | None, order_id: str | None, *, names: tuple[str, str]
) -> list[Order] | None:
    """The orders that made a state; None: nothing says which. Raises Invalid, NotFound."""
    by_day, by_order = names
    if day is not None and order_id is not None:
        raise Invalid(Problem("AmbiguousState", by_order, order_id, f"{by_day} or {by_order}"))
    if order_id is not None:
        ids = [each.id for each in agreed.orders]
        if order_id not in ids:
            raise NotFound("order of this contract", order_id)
        return agreed.orders[: ids.index(OrderId(order_id)) + 1]
    found = day_in(day, by_day)
    return None if found is None else as_of(agreed.orders, found)


def _worth(contract: Contract) -> WorthWire:
    return _worth_of(contract_value(contract))


def _worth_of(value: ContractValue) -> WorthWire:
    return WorthWire(total_contract_value=value.total.text, annual_contract_value=value.annual.text)


def _nothing(agreed: Agreed) -> WorthWire:
    zero = Money.zero(agreed.contract.currency)
    return _worth_of(ContractValue(total=zero, annual=zero))


def _order_event(chapter: Chapter) -> TimelineEventWire:
    order, signature = chapter.order, chapter.order.signature
    return TimelineEventWire(
        on=order.effective_on.isoformat(),
        kind="ORDER",
        order=TimelineOrderWire(
            order_id=order.id,
            kind=order.kind,
            signed_on=None if signature is None else signature.on.isoformat(),
            sequence=order.sequence,
            changes=ChangesWire.of(chapter.changes),
            troubles=[problem.message for problem in chapter.troubles],
        ),
        uplift=None,
        value=_worth_of(chapter.value),
    )


def _uplift_event(each: Raise, chapters: Sequence[Chapter]) -> TimelineEventWire:
    before = [one for one in chapters if one.order.effective_on <= each.on]
    held = before[-1] if before else chapters[0]
    percent, months = each.rule.percent, (each.by.of, each.by.against)
    of, against = (None if month is None else month.isoformat() for month in months)
    return TimelineEventWire(
        on=each.on.isoformat(),
        kind="UPLIFT",
        order=None,
        uplift=TimelineUpliftWire(
            factor=_factor_text(each.by.factor),
            percent=None if percent is None else f"{percent:f}",
            index=each.rule.index,
            index_month=of,
            against_month=against,
            is_provisional=not each.is_known,
        ),
        value=_worth_of(held.value),
    )


def _factor_text(factor: Fraction) -> str:
    """To twelve places, without zeros at the end; prices are multiplied by the exact one."""
    rounded = round_to(factor, PLACES, RoundingMode.HALF_UP)
    return f"{rounded.normalize() + Decimal(0):f}"
