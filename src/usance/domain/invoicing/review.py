"""Review: what the rules ask of a draft before it may go out, and whether they have it.

The rules of the legal entity and of every contract on the draft are asked side by side and each of
them has to be satisfied: so the stricter one counts, whoever states it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from usance.domain.approval_rules import ApprovalRules, is_above
from usance.domain.errors import Forbidden, NotAllowedNow
from usance.domain.ids import ContractId, InvoiceId
from usance.domain.invoicing.approvers import is_person, person_of
from usance.domain.invoicing.invoice import Approved, DocumentType, Draft, Severity
from usance.domain.invoicing.issuing import DraftHasErrors
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Money


class Rule(StrEnum):
    """Which rule asks for a reviewer, or for a second one."""

    NO_RULE_LETS_PASS = "NO_RULE_LETS_PASS"  # held, as everything is that nothing else was said of
    ABOVE_AUTO_APPROVAL = "ABOVE_AUTO_APPROVAL"
    FINDINGS = "FINDINGS"
    CREDIT_NOTE = "CREDIT_NOTE"
    ALWAYS_REVIEW = "ALWAYS_REVIEW"
    FIRST_INVOICE = "FIRST_INVOICE"
    AMOUNT = "AMOUNT"
    CHANGE = "CHANGE"
    FOUR_EYES = "FOUR_EYES"
    SEPARATE_DUTIES = "SEPARATE_DUTIES"


class Standing(StrEnum):
    """How far a draft's review is."""

    HAS_ERRORS = "HAS_ERRORS"  # nobody may approve it
    NEEDS_APPROVAL = "NEEDS_APPROVAL"
    NEEDS_SECOND_APPROVAL = "NEEDS_SECOND_APPROVAL"  # one is there, another person's is missing
    SATISFIED = "SATISFIED"


class SamePersonAgain(NotAllowedNow):
    """This person approved the draft already; another one has to."""

    code = "SamePersonAgain"

    def __init__(self, invoice_id: InvoiceId, actor: str) -> None:
        super().__init__(
            f"{actor} approved invoice {invoice_id} already; the second approval is another's."
        )


class ApproverNotNamed(Forbidden):
    """Two people have to approve, and the key does not say which person this is."""

    code = "ApproverNotNamed"

    def __init__(self, invoice_id: InvoiceId) -> None:
        super().__init__(
            f"Invoice {invoice_id} needs two people; name the one who approves "
            "(header X-Usance-Actor, option --as)."
        )


class ApprovalNotWithdrawable(NotAllowedNow):
    """There is none to take back, or the invoice is out of the house already."""

    code = "ApprovalNotWithdrawable"

    def __init__(self, invoice_id: InvoiceId, status: str) -> None:
        super().__init__(
            f"Invoice {invoice_id} is {status}; an approval is withdrawn while the invoice is "
            "APPROVED, or a DRAFT with one of several approvals."
        )


class StatedRules(NamedTuple):
    """Rules, and who states them: `legal entity halden-de`, `contract ctr_1`."""

    source: str
    rules: ApprovalRules


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes to what a draft said then: `input_hash` is what was seen."""

    by: str
    at: datetime
    input_hash: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one rule asks of a draft: so many people, for that reason."""

    rule: Rule
    source: str
    message: str
    people: int = 1


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a draft's review stands, every demand that was made, and the approvals it has."""

    standing: Standing
    demands: tuple[Demand, ...]
    approvals: tuple[Approval, ...]

    @property
    def people(self) -> int:
        """How many different people have to approve; 0: a rule lets it pass."""
        return max((demand.people for demand in self.demands), default=0)

    @property
    def waits_for(self) -> Demand | None:
        """The demand that a second person answers; None when nobody is waited for."""
        if self.standing is not Standing.NEEDS_SECOND_APPROVAL:
            return None
        of_two = (demand for demand in self.demands if demand.people > 1)
        apart = (demand for demand in self.demands if demand.rule is Rule.SEPARATE_DUTIES)
        return next(of_two, None) or next(apart)

    @property
    def is_satisfied(self) -> bool:
        """True when nothing more is asked for."""
        return self.standing is Standing.SATISFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a draft is judged by: all rules that hold for it.

    `approve_under`: up to which gross all its contracts allow approval without a reviewer; None:
    not. `authors`: the actors who entered or changed its orders and contracts.
    """

    rules: tuple[StatedRules, ...] = ()
    approve_under: Money | None = None
    authors: frozenset[str] = frozenset()


def asked_of(
    seller: LegalEntity,
    contracts: Mapping[ContractId, ApprovalRules],
    *,
    approve_under: Money | None = None,
    authors: Collection[str] = (),
) -> Asked:
    """The entity's rules and those of the draft's contracts, by contract."""
    stated = [StatedRules(f"legal entity {seller.id}", seller.review)]
    stated += [StatedRules(f"contract {ref}", rules) for ref, rules in sorted(contracts.items())]
    return Asked(rules=tuple(stated), approve_under=approve_under, authors=frozenset(authors))


def decision(draft: Draft, asked: Asked, approvals: Sequence[Approval] = ()) -> Decision:
    """What is asked of `draft`, why, and whether its approvals are enough.

    Approvals of what the draft said earlier (another hash) do not count. Without a reviewer only
    what every contract lets pass, without a warning, and of which no rule asks for one.
    """
    counted = tuple(each for each in approvals if each.input_hash == draft.input_hash)
    demands = (*_of_its_contracts(draft, asked.approve_under), *_of_rules(draft, asked))
    return Decision(_standing(draft, demands, counted, asked.authors), demands, counted)


def with_approval(
    draft: Draft, asked: Asked, approvals: Sequence[Approval], new: Approval
) -> Decision:
    """The decision once `new` is among the approvals.

    Raises DraftHasErrors; SamePersonAgain; ApproverNotNamed where two people are needed.
    """
    before = decision(draft, asked, approvals)
    if before.standing is Standing.HAS_ERRORS:
        raise DraftHasErrors(draft)
    is_second = any(demand.people > 1 for demand in before.demands)
    is_apart = any(each.rules.separate_duties for each in asked.rules)
    if (is_second or is_apart) and not is_person(new.by):
        raise ApproverNotNamed(draft.id)
    if person_of(new.by) in {person_of(each.by) for each in before.approvals}:
        raise SamePersonAgain(draft.id, new.by)
    return decision(draft, asked, [*before.approvals, new])


def approved(draft: Draft, found: Decision) -> Approved:
    """The draft as approved by all who did, at the last one's instant."""
    assert found.is_satisfied, "the rules have what they ask for"
    assert found.approvals, "somebody approved it"
    by = " and ".join(each.by for each in found.approvals)
    return Approved(draft, max(each.at for each in found.approvals), by)


def worth_a_look(draft: Draft) -> list[str]:
    """Codes of its findings beyond information, each once, the gravest first."""
    codes = (each.code for each in draft.findings if each.severity is not Severity.INFO)
    return list(dict.fromkeys(codes))


def _of_its_contracts(draft: Draft, approve_under: Money | None) -> Iterator[Demand]:
    """What asks for a reviewer unless the contracts explicitly let the draft pass."""
    if approve_under is None:
        message = "Not every contract on it allows approval without a reviewer."
        yield Demand(Rule.NO_RULE_LETS_PASS, "contracts", message)
        return
    if draft.type is DocumentType.CREDIT_NOTE:
        yield Demand(Rule.CREDIT_NOTE, "contracts", "No rule gives money back without a reviewer.")
    if draft.gross > approve_under:
        message = f"{draft.gross} is above {approve_under}, up to which its contracts let it pass."
        yield Demand(Rule.ABOVE_AUTO_APPROVAL, "contracts", message)
    if codes := worth_a_look(draft):
        message = f"It has findings: {', '.join(codes)}."
        yield Demand(Rule.FINDINGS, "findings", message)


def _of_rules(draft: Draft, asked: Asked) -> Iterator[Demand]:
    found = {finding.code: finding.message for finding in draft.findings}
    amount = Money(abs(draft.gross.minor), draft.currency)  # of a credit note too
    for source, rules in asked.rules:
        if rules.always_review:
            yield Demand(Rule.ALWAYS_REVIEW, source, "Every invoice needs a reviewer.")
        if rules.first_invoice and "FirstInvoice" in found:
            yield Demand(Rule.FIRST_INVOICE, source, found["FirstInvoice"])
        if rules.change_percent is not None and "TotalChanged" in found:
            yield Demand(Rule.CHANGE, source, found["TotalChanged"])
        if is_above(amount, rules.review_above):
            yield Demand(Rule.AMOUNT, source, _above(amount, rules.review_above))
        if is_above(amount, rules.four_eyes_above):
            message = f"Two people: {_above(amount, rules.four_eyes_above)}"
            yield Demand(Rule.FOUR_EYES, source, message, people=2)
        if rules.separate_duties:
            message = "Whoever entered or changed the order is not the only one to approve."
            yield Demand(Rule.SEPARATE_DUTIES, source, message)


def _above(gross: Money, limits: Iterable[Money]) -> str:
    limit = next((each for each in limits if each.currency == gross.currency), None)
    if limit is None:
        return f"no limit is set in {gross.currency}, so every amount counts."
    return f"{gross} is above {limit}."


def _standing(
    draft: Draft,
    demands: Sequence[Demand],
    approvals: Sequence[Approval],
    authors: Collection[str],
) -> Standing:
    if draft.has_errors:
        return Standing.HAS_ERRORS
    needed = max((demand.people for demand in demands), default=0)
    people = {person_of(each.by) for each in approvals if needed < 2 or is_person(each.by)}
    if needed and not people:
        return Standing.NEEDS_APPROVAL
    is_apart = any(demand.rule is Rule.SEPARATE_DUTIES for demand in demands)
    if len(people) < needed or (is_apart and people <= {person_of(each) for each in authors}):
        return Standing.NEEDS_SECOND_APPROVAL
    return Standing.SATISFIED
