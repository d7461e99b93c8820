"""History: what a customer was invoiced before, as far as a reviewer compares with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from usance.domain.approval_rules import ApprovalRules
from usance.domain.ids import ContractId, CustomerId, LegalEntityId
from usance.domain.invoicing.invoice import DocumentType, Draft
from usance.domain.money import Currency


class Account(NamedTuple):
    """One customer's dealings with one legal entity in one currency: what may share a document."""

    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    currency: Currency


class PriceSet(NamedTuple):
    """The price of a line was agreed from a day on; `card`: the rate card it is of, or empty."""

    starts_on: date
    until: date | None
    card: str


@dataclass(frozen=True, slots=True)
class History:
    """When each contract was first invoiced, and the last total of each grouping, in minor units.

    Both as of the day drafted, so that drafting late finds the same as drafting in time. `rules`
    are what those contracts ask of a reviewer who compares, where they ask for anything. `prices`
    are those of each line, by its ref and in time, of contracts that were sold from a rate card.
    """

    first_billed: Mapping[ContractId, date] = field(default_factory=dict)
    previous_gross: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[ContractId, ApprovalRules] = field(default_factory=dict)
    prices: Mapping[tuple[ContractId, str], tuple[PriceSet, ...]] = field(default_factory=dict)

    def after(self, draft: Draft) -> History:
        """What it is once `draft` stands too; drafts are added by day. A credit note is no invoice
        to compare the next one with.
        """
        first = dict(self.first_billed)
        for line in draft.lines:
            if line.contract_id is not None:
                first.setdefault(line.contract_id, draft.bill_on)
        previous = dict(self.previous_gross)
        if draft.type is DocumentType.INVOICE:
            previous[draft.grouping.key] = draft.gross.minor
        return History(first, previous, self.rules, self.prices)
