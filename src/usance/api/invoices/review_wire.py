"""The review desk as it travels: where a review stands, comparisons, history, bulk approval."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from usance.api.envelope import Amount, CurrencyCode, Instant, Quantity, Wire
from usance.api.fields import Days, Ref, days
from usance.api.invoices.wire import InvoiceWire
from usance.domain.invoicing.comparison import Change, Comparison, LineChange
from usance.domain.invoicing.invoice import Draft, InvoiceLine
from usance.domain.invoicing.review import Approval, Decision, Demand, Rule, Standing
from usance.flows.approve_many import Outcome, Result
from usance.store.database import Row

MOST_IDS = 5000


class ApprovalWire(Wire):
    """One person's approval, while it stands."""

    by: str
    at: Instant
    input_hash: str = Field(description="Of what was seen.")
    comment: str | None

    @classmethod
    def of(cls, given: Approval) -> ApprovalWire:
        """As it travels."""
        return cls(
            by=given.by, at=given.at, input_hash=given.input_hash, comment=given.comment or None
        )


class DemandWire(Wire):
    """What one rule asks, and who states the rule."""

    rule: Rule
    source: str
    message: str
    people: int = Field(description="How many different people it asks for.")

    @classmethod
    def of(cls, demand: Demand) -> DemandWire:
        """As it travels."""
        return cls(
            rule=demand.rule, source=demand.source, message=demand.message, people=demand.people
        )


class InvoiceReviewWire(Wire):
    """Where a review stands, and why."""

    standing: Standing | None = Field(description="Null once it is a draft no more.")
    people_needed: int
    demands: list[DemandWire]
    approvals: list[ApprovalWire]

    @classmethod
    def of(cls, decision: Decision, *, is_draft: bool) -> InvoiceReviewWire:
        """As it travels."""
        return cls(
            standing=decision.standing if is_draft else None,
            people_needed=decision.people,
            demands=[DemandWire.of(demand) for demand in decision.demands],
            approvals=[ApprovalWire.of(given) for given in decision.approvals],
        )


class ReviewedInvoice(InvoiceWire):
    """An invoice and where its review stands."""

    review: InvoiceReviewWire

    @classmethod
    def with_review(cls, shown: InvoiceWire, review: InvoiceReviewWire) -> ReviewedInvoice:
        """The invoice as it travels, with its review."""
        return cls.model_validate({**dict(shown), "review": review})


class WithdrawBody(Wire):
    """Why the approval is taken back."""

    reason: str = Field(min_length=1, max_length=500, examples=["The discount is missing"])


class HeldFilter(Wire):
    """Which held drafts: those to which everything said here applies."""

    legal_entity_id: Ref | None = None
    up_to: Amount | None = Field(default=None, description="The most gross; with `currency`.")
    currency: CurrencyCode | None = None
    without_findings: bool = Field(default=False, description="None beyond information.")


class ApproveManyBody(Wire):
    """Which drafts to approve: by id, or by a filter."""

    invoice_ids: list[Ref] | None = Field(default=None, max_length=MOST_IDS)
    filter: HeldFilter | None = Field(default=None, description="`{}` means all held drafts.")
    dry_run: bool = Field(default=False, description="Decide the same, keep nothing.")
    comment: str | None = Field(default=None, max_length=500)


class ApprovalOutcomeWire(Wire):
    """What became of one draft."""

    invoice_id: str
    result: Result
    code: str | None = Field(description="Of the refusal, or of the rule that waits for another.")
    message: str | None

    @classmethod
    def of(cls, outcome: Outcome) -> ApprovalOutcomeWire:
        """As it travels."""
        return cls(
            invoice_id=outcome.invoice_id,
            result=outcome.result,
            code=outcome.code or None,
            message=outcome.message or None,
        )


class ApprovedMany(Wire):
    """What became of all of them; some may have been refused."""

    dry_run: bool
    approved: int
    needs_second_approval: int
    refused: int
    outcomes: list[ApprovalOutcomeWire]

    @classmethod
    def of(cls, outcomes: list[Outcome], *, is_dry: bool) -> ApprovedMany:
        """As it travels."""
        results = [outcome.result for outcome in outcomes]
        return cls(
            dry_run=is_dry,
            approved=results.count(Result.APPROVED),
            needs_second_approval=results.count(Result.NEEDS_SECOND_APPROVAL),
            refused=results.count(Result.REFUSED),
            outcomes=[ApprovalOutcomeWire.of(outcome) for outcome in outcomes],
        )


class SideWire(Wire):
    """A line as one of the two documents has it."""

    service_period: Days
    quantity: Quantity
    unit_price: Amount | None
    amount: Amount

    @classmethod
    def of(cls, line: InvoiceLine) -> SideWire:
        """As it travels."""
        return cls(
            service_period=days(line.service_period),
            quantity=f"{line.quantity:f}",
            unit_price=None if line.unit_amount is None else f"{line.unit_amount:f}",
            amount=line.net.text,
        )


class InvoiceLineChangeWire(Wire):
    """A line then and now."""

    contract_id: str | None
    description: str
    changes: list[Change] = Field(description="Empty: it says the same.")
    before: SideWire | None
    now: SideWire | None
    difference: Amount = Field(description="Before tax.")

    @classmethod
    def of(cls, found: LineChange) -> InvoiceLineChangeWire:
        """As it travels."""
        return cls(
            contract_id=found.line.contract_id,
            description=found.line.description,
            changes=list(found.changes),
            before=None if found.before is None else SideWire.of(found.before),
            now=None if found.now is None else SideWire.of(found.now),
            difference=found.difference.text,
        )


class ComparedWire(Wire):
    """One of the two documents."""

    id: str
    bill_on: str
    subtotal: Amount
    total: Amount

    @classmethod
    def of(cls, draft: Draft) -> ComparedWire:
        """As it travels."""
        return cls(
            id=draft.id,
            bill_on=draft.bill_on.isoformat(),
            subtotal=draft.net.text,
            total=draft.gross.text,
        )


class ComparisonWire(Wire):
    """An invoice beside the previous one of its kind."""

    currency: CurrencyCode
    previous: ComparedWire | None = Field(description="Null: it is the first of its kind.")
    current: ComparedWire
    subtotal_change: Amount
    total_change: Amount
    total_change_percent: int | None
    lines: list[InvoiceLineChangeWire] = Field(description="As they stand now, then those gone.")

    @classmethod
    def of(cls, found: Comparison) -> ComparisonWire:
        """As it travels."""
        return cls(
            currency=found.now.currency.code,
            previous=None if found.before is None else ComparedWire.of(found.before),
            current=ComparedWire.of(found.now),
            subtotal_change=found.net_difference.text,
            total_change=found.gross_difference.text,
            total_change_percent=found.percent,
            lines=[InvoiceLineChangeWire.of(line) for line in found.lines],
        )


class ActWire(Wire):
    """One thing that was done to an invoice."""

    at: Instant
    actor: str = Field(description="`Ada Quill via key:…`, a key, a command's user, or a rule.")
    action: str = Field(examples=["invoice.approved"])
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @classmethod
    def of(cls, row: Row) -> ActWire:
        """As it travels."""
        return cls(
            at=row.at, actor=row.actor, action=row.action, before=row.before, after=row.after
        )
