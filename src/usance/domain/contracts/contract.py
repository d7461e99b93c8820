"""The contract: one running agreement with one customer, as its orders made it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from usance.domain.calendar import Period
from usance.domain.contracts.order import OrderLine
from usance.domain.contracts.terms import ContractTerms
from usance.domain.customer import check_name
from usance.domain.errors import Conflict, NotAllowedNow
from usance.domain.ids import ContractId, CustomerId, LegalEntityId, LineId, OrderId
from usance.domain.money import Currency


class ContractStatus(StrEnum):
    """DRAFT -> ACTIVE -> END_BILLING, or CANCELED."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    # Its term is over and nothing is left to bill or to review; what falls due again reopens it.
    END_BILLING = "END_BILLING"
    CANCELED = "CANCELED"


class ContractExists(Conflict):
    """There is one of that id, of another customer."""

    code = "ContractExists"

    def __init__(self, contract_id: ContractId) -> None:
        super().__init__(f"There is a contract {contract_id} of another customer; choose an id.")


class ContractCanceled(NotAllowedNow):
    """A canceled contract is over: it cannot be changed or canceled again."""

    code = "ContractCanceled"

    def __init__(self, contract_id: ContractId) -> None:
        super().__init__(f"Contract {contract_id} is CANCELED; it cannot be changed any more.")


class TermIsAgreed(NotAllowedNow):
    """Once an order is fulfilled, its term counts: another order changes it."""

    code = "TermIsAgreed"

    def __init__(self, contract_id: ContractId, term: Period) -> None:
        super().__init__(
            f"Contract {contract_id} runs {term}, as its orders agreed; change that by an order."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftContract:
    """A contract on which nothing is agreed yet: an order will be fulfilled on it, and publish it.

    The days are what was told, for people to see; the order's term counts. Without `has_billing` it
    only holds subscriptions together, until billing is set up or an order is fulfilled on it.
    """

    id: ContractId
    customer_id: CustomerId
    name: str
    po_number: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    has_billing: bool = True

    def __post_init__(self) -> None:
        check_name(self.name, "name")
        if self.starts_on is not None and self.ends_on is not None:
            Period(self.starts_on, self.ends_on)


@dataclass(frozen=True, slots=True)
class ContractLine:
    """A line in force: what was sold, as it stands after all orders, and which order opened it.

    Lines that follow one another under one ref, term after term, differ in `opened_on`.
    """

    id: LineId
    order_id: OrderId
    sold: OrderLine
    opened_on: date | None = None  # None: the first day of its window


@dataclass(frozen=True, slots=True)
class Version:
    """Who buys from whom on which terms, from a day on."""

    starts_on: date
    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    terms: ContractTerms

    def has_parties_of(self, other: Version) -> bool:
        """True when the same customer buys from the same legal entity."""
        theirs = other.customer_id, other.legal_entity_id
        return (self.customer_id, self.legal_entity_id) == theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Who buys what from whom, in which currency, for which days, on which terms.

    Parties and terms are the latest agreed; `earlier` are those that held before, in time: of two
    that begin on one day the later one holds.
    """

    id: ContractId
    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    name: str
    currency: Currency
    status: ContractStatus
    term: Period
    terms: ContractTerms
    lines: tuple[ContractLine, ...] = ()
    earlier: tuple[Version, ...] = ()
    since: date | None = None  # the day the latest parties and terms hold from; None: always
    terminated_on: date | None = None

    @property
    def is_billed(self) -> bool:
        """True once something is agreed, unless it was canceled: what falls due is billed."""
        return self.status in (ContractStatus.ACTIVE, ContractStatus.END_BILLING)

    @property
    def longest_held(self) -> ContractTerms:
        """Of all terms that ever hold, those that let usage wait longest: by then all is due."""
        if not self.earlier:
            return self.terms
        every = (*(version.terms for version in self.earlier), self.terms)
        return max(every, key=lambda terms: terms.usage_hold_days)

    def on(self, day: date) -> Version:
        """The parties and terms that hold on a day; those of the first day for days before it."""
        day = day if self.since is None else max(day, self.earlier[0].starts_on)
        if self.since is None or day >= self.since:
            first = self.term.start if self.since is None else self.since
            return Version(first, self.customer_id, self.legal_entity_id, self.terms)
        found = self.earlier[0]
        for version in self.earlier:
            if version.starts_on <= day:
                found = version
        return found
