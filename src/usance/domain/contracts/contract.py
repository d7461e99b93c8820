"""The contract: one running agreement with one customer, as its orders made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from usance.domain.calendar import Period
from usance.domain.contracts.order import ContractTerms, Order, OrderLine
from usance.domain.customer import check_name
from usance.domain.errors import NotAllowedNow
from usance.domain.ids import ContractId, CustomerId, LegalEntityId, LineId, OrderId
from usance.domain.money import Currency


class ContractStatus(StrEnum):
    """DRAFT -> ACTIVE -> END_BILLING, or CANCELED."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    END_BILLING = "END_BILLING"
    CANCELED = "CANCELED"


class ContractCanceled(NotAllowedNow):
    """A canceled contract is over: it cannot be changed or canceled again."""

    code = "ContractCanceled"

    def __init__(self, contract_id: ContractId) -> None:
        super().__init__(f"Contract {contract_id} is CANCELED; it cannot be changed any more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftContract:
    """A contract on which nothing is agreed yet: an order will be fulfilled on it, and publish it.

    The days are what was told, for people to see; the order's term counts.
    """

    id: ContractId
    customer_id: CustomerId
    name: str
    po_number: str = ""
    starts_on: date | None = None
    ends_on: date | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "name")
        if self.starts_on is not None and self.ends_on is not None:
            Period(self.starts_on, self.ends_on)


@dataclass(frozen=True, slots=True)
class ContractLine:
    """A line in force: what an order sold, and which order that was."""

    id: LineId
    order_id: OrderId
    sold: OrderLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Who buys what from whom, in which currency, for which days, on which terms."""

    id: ContractId
    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    name: str
    currency: Currency
    status: ContractStatus
    term: Period
    terms: ContractTerms
    lines: tuple[ContractLine, ...] = ()

    @property
    def is_billed(self) -> bool:
        """True while billing runs look at it."""
        return self.status is ContractStatus.ACTIVE


def contract_from(order: Order, *, line_id: Callable[[str], LineId]) -> Contract:
    """The contract an INITIAL order makes, active from the start.

    `line_id` gives the id of the line with that ref; ids are made outside the rules.
    """
    return Contract(
        id=order.contract_id,
        customer_id=order.customer_id,
        legal_entity_id=order.legal_entity_id,
        name=order.contract_name,
        currency=order.currency,
        status=ContractStatus.ACTIVE,
        term=order.term,
        terms=order.terms,
        lines=tuple(ContractLine(line_id(sold.ref), order.id, sold) for sold in order.lines),
    )
