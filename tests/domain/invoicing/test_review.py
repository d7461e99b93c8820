"""Review: which rule asks for whom, who may be the second, and what passes by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.domain.deals import seller
from tests.domain.invoicing.agreement import agreement, drafts_of
from usance.domain.approval_rules import NO_RULES, ApprovalRules
from usance.domain.ids import ContractId
from usance.domain.invoicing.invoice import DocumentType, Draft, Finding, Severity
from usance.domain.invoicing.issuing import DraftHasErrors
from usance.domain.invoicing.review import (
    Approval,
    ApproverNotNamed,
    Asked,
    Rule,
    SamePersonAgain,
    Standing,
    StatedRules,
    approved,
    asked_of,
    decision,
    with_approval,
)
from usance.domain.money import Money, currency

EUR = currency("EUR")
NOON = datetime(2025, 2, 1, 12, tzinfo=UTC)
(PLAIN,) = drafts_of(agreement())  # 357.00 EUR, a contract's first invoice
KNOWN = replace(PLAIN, findings=())
ADA, BEN = "Ada via key:key_1", "Ben via key:key_1"


def eur(text: str) -> Money:
    """An amount in euro."""
    return Money.parse(text, EUR)


def told(draft: Draft, *codes: str, severity: Severity = Severity.WARNING) -> Draft:
    """The draft with findings of those codes."""
    return replace(draft, findings=tuple(Finding(severity, code, "", code) for code in codes))


def asked(
    *rules: ApprovalRules, under: Money | None = None, authors: tuple[str, ...] = ()
) -> Asked:
    """All those rules at once, stated by somebody."""
    stated = tuple(StatedRules(f"source {place}", each) for place, each in enumerate(rules))
    return Asked(rules=stated, approve_under=under, authors=frozenset(authors))


def yes(by: str, draft: Draft = KNOWN) -> Approval:
    """Somebody's approval of what the draft says."""
    return Approval(by, NOON, draft.input_hash)


def demands(draft: Draft, question: Asked) -> list[Rule]:
    """Which rules ask for somebody."""
    return [demand.rule for demand in decision(draft, question).demands]


# ---------------------------------------------------------------------- without a reviewer --


def test_everything_is_held_that_nothing_was_said_of() -> None:
    found = decision(KNOWN, asked())
    assert [demand.rule for demand in found.demands] == [Rule.NO_RULE_LETS_PASS]
    assert (found.standing, found.people) == (Standing.NEEDS_APPROVAL, 1)


def test_a_draft_passes_by_itself_up_to_the_amount_its_contracts_allow() -> None:
    assert decision(KNOWN, asked(under=eur("357.00"))).is_satisfied
    assert demands(KNOWN, asked(under=eur("356.99"))) == [Rule.ABOVE_AUTO_APPROVAL]
    assert decision(PLAIN, asked(under=eur("357.00"))).is_satisfied, "information is no obstacle"


def test_nothing_passes_by_itself_with_a_warning_or_as_a_credit_note() -> None:
    assert demands(told(KNOWN, "UsageMissing"), asked(under=eur("999"))) == [Rule.FINDINGS]
    back = _turned(KNOWN)
    assert Rule.CREDIT_NOTE in demands(back, asked(under=eur("999")))


def _turned(draft: Draft) -> Draft:
    """The credit note that gives all of it back."""
    lines = tuple(structs.replace(line, net=-line.net, tax=-line.tax) for line in draft.lines)
    taxes = tuple(structs.replace(row, taxable=-row.taxable, tax=-row.tax) for row in draft.taxes)
    return replace(
        draft,
        type=DocumentType.CREDIT_NOTE,
        lines=lines,
        taxes=taxes,
        net=-draft.net,
        tax=-draft.tax,
        gross=-draft.gross,
    )


# ------------------------------------------------------------------------------- each rule --


@pytest.mark.parametrize(
    ("rules", "draft", "rule"),
    [
        (ApprovalRules(always_review=True), KNOWN, Rule.ALWAYS_REVIEW),
        (ApprovalRules(first_invoice=True), PLAIN, Rule.FIRST_INVOICE),
        (ApprovalRules(review_above=(eur("356.99"),)), KNOWN, Rule.AMOUNT),
        (ApprovalRules(four_eyes_above=(eur("356.99"),)), KNOWN, Rule.FOUR_EYES),
        (ApprovalRules(separate_duties=True), KNOWN, Rule.SEPARATE_DUTIES),
    ],
)
def test_each_rule_holds_a_draft_that_would_have_passed_and_says_who_asks(
    rules: ApprovalRules, draft: Draft, rule: Rule
) -> None:
    found = decision(draft, asked(NO_RULES, rules, under=eur("1000")))
    assert [(demand.rule, demand.source) for demand in found.demands] == [(rule, "source 1")]
    assert found.standing is Standing.NEEDS_APPROVAL
    assert found.demands[0].message.endswith(".")


@pytest.mark.parametrize(
    ("rules", "draft"),
    [
        (ApprovalRules(first_invoice=True), KNOWN),
        (ApprovalRules(change_percent=Decimal(10)), KNOWN),
        (ApprovalRules(review_above=(eur("357.00"),)), KNOWN),
        (ApprovalRules(four_eyes_above=(eur("357.00"),)), KNOWN),
    ],
)
def test_a_rule_whose_case_is_not_given_asks_for_nobody(rules: ApprovalRules, draft: Draft) -> None:
    assert decision(draft, asked(rules, under=eur("1000"))).is_satisfied


def test_a_change_beyond_the_rule_asks_for_a_reviewer() -> None:
    changed = told(KNOWN, "TotalChanged")
    rules = ApprovalRules(change_percent=Decimal(10))
    assert demands(changed, asked(rules, under=eur("1000"))) == [Rule.FINDINGS, Rule.CHANGE]


def test_a_currency_the_rules_forgot_is_asked_about() -> None:
    rules = ApprovalRules(review_above=(Money.parse("99999", currency("USD")),))
    (demand,) = decision(KNOWN, asked(rules, under=eur("1000"))).demands
    assert demand.message == "no limit is set in EUR, so every amount counts."


def test_a_credit_note_counts_by_what_it_gives_back() -> None:
    back = _turned(KNOWN)
    rules = ApprovalRules(four_eyes_above=(eur("356.99"),))
    assert decision(back, asked(rules)).people == 2


def test_the_rules_of_the_entity_and_of_each_contract_are_asked() -> None:
    strict, mild = ApprovalRules(always_review=True), ApprovalRules(first_invoice=True)
    question = asked_of(
        replace(seller(), review=mild), {ContractId("b"): strict, ContractId("a"): mild}
    )
    assert [each.source for each in question.rules] == [
        f"legal entity {seller().id}",
        "contract a",
        "contract b",
    ]


# ------------------------------------------------------------------------------ two people --


FOUR_EYES = asked(ApprovalRules(four_eyes_above=(eur("100"),)))


def test_two_different_people_approve_above_an_amount() -> None:
    first = with_approval(KNOWN, FOUR_EYES, [], yes(ADA))
    assert first.standing is Standing.NEEDS_SECOND_APPROVAL
    second = with_approval(KNOWN, FOUR_EYES, first.approvals, yes(BEN))
    assert second.is_satisfied
    assert approved(KNOWN, second).approved_by == f"{ADA} and {BEN}"


@pytest.mark.parametrize("again", [ADA, "ADA via key:key_9", "ada via cli:root"])
def test_the_second_is_not_the_first_through_another_key(again: str) -> None:
    with pytest.raises(SamePersonAgain):
        with_approval(KNOWN, FOUR_EYES, [yes(ADA)], yes(again))


def test_a_key_that_names_nobody_is_no_one_of_two() -> None:
    with pytest.raises(ApproverNotNamed):
        with_approval(KNOWN, FOUR_EYES, [], yes("key:key_1"))
    assert with_approval(KNOWN, asked(), [], yes("key:key_1")).is_satisfied
    both = decision(KNOWN, FOUR_EYES, [yes("key:key_1"), yes(ADA)])
    assert both.standing is Standing.NEEDS_SECOND_APPROVAL


def test_an_approval_of_what_the_draft_said_before_does_not_count() -> None:
    old = Approval(ADA, NOON, "another hash")
    assert decision(KNOWN, FOUR_EYES, [old, yes(BEN)]).approvals == (yes(BEN),)


def test_nobody_approves_a_draft_with_an_error() -> None:
    wrong = told(KNOWN, "AddressMissing", severity=Severity.ERROR)
    assert decision(wrong, asked(under=eur("999"))).standing is Standing.HAS_ERRORS
    with pytest.raises(DraftHasErrors):
        with_approval(wrong, asked(), [], yes(ADA))


# ------------------------------------------------------------------------- separate duties --


APART = asked(ApprovalRules(separate_duties=True), authors=("ada via key:key_2", "key:crm"))


def test_who_entered_the_order_is_not_the_only_one_to_approve() -> None:
    alone = with_approval(KNOWN, APART, [], yes(ADA))
    assert alone.standing is Standing.NEEDS_SECOND_APPROVAL
    assert with_approval(KNOWN, APART, alone.approvals, yes(BEN)).is_satisfied
    assert with_approval(KNOWN, APART, [], yes(BEN)).is_satisfied
    with pytest.raises(ApproverNotNamed):
        with_approval(KNOWN, APART, [], yes("key:crm"))


# --------------------------------------------------------------------------------- always --


rule_sets = st.builds(
    ApprovalRules,
    review_above=st.sampled_from([(), (eur("100"),), (eur("1000"),)]),
    four_eyes_above=st.sampled_from([(), (eur("100"),), (eur("1000"),)]),
    change_percent=st.sampled_from([None, Decimal(5)]),
    first_invoice=st.booleans(),
    always_review=st.booleans(),
    separate_duties=st.booleans(),
)
drafts_seen = st.sampled_from(
    [KNOWN, PLAIN, told(KNOWN, "TotalChanged"), told(KNOWN, "X", severity=Severity.ERROR)]
)
people = st.lists(st.sampled_from([ADA, BEN, "key:key_1", "cli:eve"]), unique=True)
limits_under = st.sampled_from([None, eur("100"), eur("1000")])


@given(drafts_seen, rule_sets, st.lists(rule_sets, max_size=2), people, limits_under)
def test_rules_only_ever_add_to_what_is_asked(
    draft: Draft,
    more: ApprovalRules,
    rules: list[ApprovalRules],
    by: list[str],
    under: Money | None,
) -> None:
    """Rules only ever add to what is asked of those who approve."""
    approvals = [yes(each, draft) for each in by]
    without = decision(draft, asked(*rules, under=under, authors=(ADA,)), approvals)
    stricter = decision(draft, asked(*rules, more, under=under, authors=(ADA,)), approvals)
    assert without.is_satisfied or not stricter.is_satisfied
    assert set(without.demands) <= set(stricter.demands)


@given(drafts_seen, st.lists(rule_sets, max_size=3), limits_under)
def test_only_what_is_explicitly_allowed_and_has_no_finding_passes_by_itself(
    draft: Draft, rules: list[ApprovalRules], under: Money | None
) -> None:
    """Without a reviewer only what every contract explicitly allows passes, and no warning."""
    if decision(draft, asked(*rules, under=under)).is_satisfied:
        assert under is not None
        assert draft.gross <= under
        assert all(each.severity is Severity.INFO for each in draft.findings)
