"""Fulfilment: which steps of an order are still open. Computed each time, never stored."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from usance.domain.contracts.order import Order
from usance.domain.due_items import LineKind
from usance.domain.errors import NotAllowedNow


class OrderStatus(StrEnum):
    """NEW -> FULFILLED, or CANCELED while nothing was issued from it."""

    NEW = "NEW"
    FULFILLED = "FULFILLED"
    CANCELED = "CANCELED"


class OrderNotNew(NotAllowedNow):
    """Only a new order can be fulfilled or canceled."""

    code = "OrderNotNew"

    def __init__(self, order_id: str, status: OrderStatus) -> None:
        super().__init__(f"Order {order_id} is {status}; only a NEW order can be changed.")
        self.order_id = order_id
        self.status = status


class StepKind(StrEnum):
    """What has to happen before an order is fulfilled."""

    CONTRACT_PUBLISHED = "CONTRACT_PUBLISHED"
    SUBSCRIPTIONS_PROVISIONED = "SUBSCRIPTIONS_PROVISIONED"
    METERED_FEATURES_MAPPED = "METERED_FEATURES_MAPPED"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an order; `missing` names what is still to be done, empty when it is done."""

    kind: StepKind
    missing: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """True when nothing of it is missing."""
        return not self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What exists of an order: is its contract active, which subscriptions, which mapped lines."""

    is_published: bool = False
    subscription_refs: Collection[str] = ()
    mapped_line_refs: Collection[str] = ()


def order_steps(order: Order, done: Done) -> tuple[Step, ...]:
    """The steps of `order`; only those it needs: usage is mapped only where a line is usage."""
    steps = [_contract_step(order, done)]
    promised = [terms.ref for terms in order.subscriptions]
    if promised:
        missing = tuple(ref for ref in promised if ref not in done.subscription_refs)
        steps.append(Step(StepKind.SUBSCRIPTIONS_PROVISIONED, missing))
    metered = [line.ref for line in order.lines if line.kind is LineKind.USAGE]
    if metered:
        missing = tuple(ref for ref in metered if ref not in done.mapped_line_refs)
        steps.append(Step(StepKind.METERED_FEATURES_MAPPED, missing))
    return tuple(steps)


def _contract_step(order: Order, done: Done) -> Step:
    missing = () if done.is_published else (order.contract_id,)
    return Step(StepKind.CONTRACT_PUBLISHED, missing)
