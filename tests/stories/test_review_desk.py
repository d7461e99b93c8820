"""The review desk: who has to approve what, what drops an approval, and what the audit log says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.stories.world import World, halden
from usance.domain.approval_rules import ApprovalRules
from usance.domain.errors import Invalid
from usance.domain.ids import ContractId, InvoiceId, LegalEntityId
from usance.domain.invoicing.comparison import Change
from usance.domain.invoicing.invoice import InvoiceNotApproved, InvoiceNotDraft
from usance.domain.invoicing.review import (
    ApprovalNotWithdrawable,
    ApproverNotNamed,
    Decision,
    Rule,
    SamePersonAgain,
    Standing,
    decision,
)
from usance.domain.money import Money, currency
from usance.flows.approve_invoice import approve_invoice
from usance.flows.approve_many import Outcome, Result, approve_many
from usance.flows.issue_invoice import issue_invoice
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.set_up_company import save_legal_entity
from usance.flows.update_contract import update_contract
from usance.flows.withdraw_approval import withdraw_approval
from usance.store import approvals, audit, comparisons
from usance.store.approvals import Selection
from usance.store.codec import jsonb

USD, EUR = currency("USD"), currency("EUR")
PLATFORM = """
    12 months from 2025-01-01, as platform
    Platform 100.00 USD, monthly in advance
"""
SEATS = """
    12 months from 2025-01-01, as seats, by minato
    10 Seats at 5.00 USD, monthly in advance
"""
METERED = """
    12 months from 2025-01-01, as metered
    API calls at 0.01 EUR, used monthly
"""
SAY = """
UPDATE contracts
   SET terms = terms || jsonb_build_object('review', %(review)s::jsonb)
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""


def rule(world: World, **rules: object) -> None:
    """Every legal entity asks that of those who approve."""
    for entity in halden().legal_entities:
        asked = replace(entity, review=ApprovalRules(**rules))  # type: ignore[arg-type]
        save_legal_entity(world.runtime, world.scope, asked)


def rule_of_contract(world: World, contract_id: str, **rules: object) -> None:
    """A contract asks that of those who approve."""
    with world.runtime.transaction(world.scope) as tx:
        review = jsonb(ApprovalRules(**rules))  # type: ignore[arg-type]
        tx.run(SAY, id=contract_id, review=review)


def limit(text: str) -> tuple[Money, ...]:
    """That many dollars, and as many euro."""
    return (Money.parse(text, USD), Money.parse(text, EUR))


def approve(world: World, by: str, invoice_id: InvoiceId | None = None, **said: Any) -> Decision:
    """Somebody approves the only draft, or the one named."""
    scope = replace(world.scope, actor=by)
    return approve_invoice(world.runtime, scope, invoice_id or world.one("DRAFT").id, **said)


def standing(world: World) -> list[str]:
    """Who approved the only invoice, as far as that stands."""
    invoice_id = world.one().id
    with world.runtime.transaction(world.scope) as tx:
        return [each.by for each in approvals.of(tx, [invoice_id])[invoice_id]]


def acts(world: World, invoice_id: InvoiceId) -> list[tuple[str, str]]:
    """Who did what to an invoice."""
    with world.runtime.transaction(world.scope) as tx:
        return [(row.actor, row.action) for row in audit.of_subject(tx, invoice_id)]


# ------------------------------------------------------------------------------ two people --


def test_above_an_amount_two_different_people_approve(world: World) -> None:
    rule(world, four_eyes_above=limit("99.99"))
    world.sign(PLATFORM)
    world.bill()
    draft = world.one()
    with pytest.raises(ApproverNotNamed):
        approve(world, "key:key_1")
    first = approve(world, "Ada via key:key_1", comment="checked the seats")
    assert first.standing is Standing.NEEDS_SECOND_APPROVAL
    assert world.one().status == "DRAFT"
    with pytest.raises(SamePersonAgain):
        approve(world, "ada via key:key_2")
    assert approve(world, "Ben via key:key_1").is_satisfied
    approved = world.one("APPROVED")
    assert approved.approved_by == "Ada via key:key_1 and Ben via key:key_1"
    assert acts(world, draft.id) == [
        ("Ada via key:key_1", "invoice.approval_given"),
        ("Ben via key:key_1", "invoice.approved"),
    ]
    assert [kind for kind, _ in world.facts()].count("InvoiceApproved") == 1


def test_up_to_the_amount_one_person_is_enough(world: World) -> None:
    rule(world, four_eyes_above=limit("100.00"))
    world.sign(PLATFORM)
    world.bill()
    assert approve(world, "key:key_1").is_satisfied


def test_a_contract_may_ask_for_more_than_its_legal_entity(world: World) -> None:
    rule(world, four_eyes_above=limit("1000.00"))
    world.sign(PLATFORM)
    rule_of_contract(world, "platform", four_eyes_above=(Money.parse("50.00", USD),))
    world.bill()
    found = approve(world, "Ada via key:key_1")
    waiting = found.waits_for
    assert waiting is not None
    assert (waiting.rule, waiting.source) == (Rule.FOUR_EYES, "contract platform")
    assert waiting.message == "Two people: 100.00 USD is above 50.00 USD."


def test_a_contract_may_not_ask_for_less_than_its_legal_entity(world: World) -> None:
    rule(world, four_eyes_above=limit("50.00"))
    world.sign(PLATFORM)
    rule_of_contract(world, "platform", four_eyes_above=(Money.parse("1000.00", USD),))
    world.bill()
    assert not approve(world, "Ada via key:key_1").is_satisfied


def test_whoever_entered_the_order_is_not_the_only_one_to_approve(world: World) -> None:
    rule(world, separate_duties=True)
    ada = replace(world.scope, actor="Ada via key:crm")
    form = """
        orderId: ord-1
        contractId: platform
        customerId: larkspur
        legalEntityId: halden-us
        currency: USD
        term: {start: 2025-01-01, months: 12}
        lines:
          - {lineId: p, name: Platform, kind: RECURRING, price: {model: FLAT, amount: "100.00"},
             billing: {every: {unit: MONTH}, timing: IN_ADVANCE}}
    """
    _sign(replace(world, scope=ada), form)
    world.bill()
    alone = approve(world, "Ada via key:desk")
    assert alone.standing is Standing.NEEDS_SECOND_APPROVAL
    assert alone.waits_for is not None
    assert alone.waits_for.rule is Rule.SEPARATE_DUTIES
    assert approve(world, "Ben via key:desk").is_satisfied


def _sign(world: World, form: str) -> None:
    world.fulfil(world.order(form).id)


# --------------------------------------------------------------- what an approval rests on --


def test_usage_that_moves_a_draft_drops_the_approval_it_had(world: World) -> None:
    rule(world, four_eyes_above=limit("0.50"))
    world.sign(METERED)
    world.usage("2025-01-01", 100)
    world.on("2025-02-01").bill()
    approve(world, "Ada via key:key_1")
    assert standing(world) == ["Ada via key:key_1"]
    world.usage("2025-01-31", 50)
    assert refresh_drafts(world.runtime, world.scope) == [world.one().id]
    assert standing(world) == []
    with world.runtime.transaction(world.scope) as tx:
        *_, dropped = audit.of_subject(tx, world.one().id)
    assert dropped.action == "invoice.redrafted"
    assert dropped.before["approvedBy"] == ["Ada via key:key_1"]
    assert not approve(world, "Ben via key:key_1").is_satisfied, "Ada has not seen this one"


def test_a_po_number_drops_an_approval_only_when_the_draft_changes(world: World) -> None:
    rule(world, four_eyes_above=limit("50.00"))
    world.sign(PLATFORM)
    world.bill()
    approve(world, "Ada via key:key_1")
    update_contract(world.runtime, world.scope, ContractId("platform"), name="Another name")
    assert standing(world) == ["Ada via key:key_1"]
    update_contract(world.runtime, world.scope, ContractId("platform"), po_number="PO-1")
    assert standing(world) == []


@pytest.mark.parametrize("comment", ["x" * 501, "a\x00b"])
def test_a_comment_is_text_somebody_can_read(world: World, comment: str) -> None:
    world.sign(PLATFORM)
    world.bill()
    with pytest.raises(Invalid) as refused:
        approve(world, "Ada via key:key_1", comment=comment)
    assert refused.value.problems[0].code == "InvalidComment"


# ------------------------------------------------------------------------------- withdrawn --


def test_an_approval_is_withdrawn_until_the_invoice_is_issued(world: World) -> None:
    world.sign(PLATFORM)
    world.bill()
    approve(world, "Ada via key:key_1")
    invoice_id = world.one("APPROVED").id
    withdraw_approval(world.runtime, world.scope, invoice_id, reason="the discount is missing")
    held = world.one("DRAFT")
    assert (held.approved_at, held.approved_by, standing(world)) == (None, None, [])
    with pytest.raises(InvoiceNotApproved):
        issue_invoice(world.runtime, world.scope, invoice_id)
    with pytest.raises(ApprovalNotWithdrawable):
        withdraw_approval(world.runtime, world.scope, invoice_id, reason="again")
    approve(world, "Ada via key:key_1")
    issue_invoice(world.runtime, world.scope, invoice_id)
    with pytest.raises(ApprovalNotWithdrawable, match="ISSUED"):
        withdraw_approval(world.runtime, world.scope, invoice_id, reason="too late")
    assert [action for _, action in acts(world, invoice_id)] == [
        "invoice.approved",
        "invoice.approval_withdrawn",
        "invoice.approved",
        "invoice.issued",
    ]
    assert ("InvoiceApprovalWithdrawn", invoice_id) in world.facts()


def test_one_of_two_approvals_is_withdrawn_and_the_review_starts_anew(world: World) -> None:
    rule(world, four_eyes_above=limit("50.00"))
    world.sign(PLATFORM)
    world.bill()
    approve(world, "Ada via key:key_1")
    withdraw_approval(world.runtime, world.scope, world.one().id, reason="not sure")
    assert standing(world) == []
    assert not approve(world, "Ada via key:key_1").is_satisfied


def test_what_is_withdrawn_follows_its_contract_again(world: World) -> None:
    world.sign(METERED)
    world.usage("2025-01-01", 100)
    world.on("2025-02-01").bill()
    approve(world, "Ada via key:key_1")
    world.usage("2025-01-31", 50)
    assert refresh_drafts(world.runtime, world.scope) == []
    withdraw_approval(world.runtime, world.scope, world.one().id, reason="late usage")
    assert refresh_drafts(world.runtime, world.scope) == [world.one().id]
    assert world.one().draft.net.text == "1.50"


@pytest.mark.parametrize("reason", ["", " ", "x" * 501, "a\x00b"])
def test_an_approval_is_withdrawn_for_a_reason_somebody_can_read(world: World, reason: str) -> None:
    world.sign(PLATFORM)
    world.bill()
    approve(world, "Ada via key:key_1")
    with pytest.raises(Invalid) as refused:
        withdraw_approval(world.runtime, world.scope, world.one().id, reason=reason)
    assert refused.value.problems[0].code == "ReasonMissing"
    assert world.one().status == "APPROVED"


# ------------------------------------------------------------------------ without a reviewer --


PASSING = PLATFORM.replace("as platform", "as platform, approved under 1000.00")


def test_what_a_rule_lets_pass_is_in_the_audit_log_in_the_rules_name(world: World) -> None:
    world.sign(PASSING)
    world.bill()
    invoice_id = world.one("APPROVED").id
    assert acts(world, invoice_id) == [("rule: at most 1000.00 USD", "invoice.approved")]
    withdraw_approval(world.runtime, world.scope, invoice_id, reason="let me see")
    assert world.bill().draft_count == 0
    assert world.one().status == "DRAFT", "a rule lets pass once, when it is drafted"


@pytest.mark.parametrize(
    "rules",
    [
        {"always_review": True},
        {"first_invoice": True},
        {"review_above": limit("99.99")},
        {"review_above": (Money.parse("5000", EUR),)},
        {"four_eyes_above": limit("99.99")},
        {"separate_duties": True},
    ],
)
@pytest.mark.parametrize("is_of_contract", [False, True])
def test_any_rule_holds_what_would_have_passed(
    world: World, rules: dict[str, object], is_of_contract: bool
) -> None:
    world.sign(PASSING)
    if is_of_contract:
        rule_of_contract(world, "platform", **rules)
    else:
        rule(world, **rules)
    world.bill()
    assert world.one().status == "DRAFT"


def test_a_change_beyond_the_rule_holds_what_would_have_passed(world: World) -> None:
    ramp = """
        36 months from 2025-01-01, as platform, approved under 1000.00
        Platform 100.00 then 104.00 then 110.00 USD, yearly in advance
    """
    world.sign(ramp)
    rule_of_contract(world, "platform", change_percent=Decimal(5))
    for year in (2025, 2026, 2027):
        world.on(f"{year}-01-01").bill()
    assert [each.status.value for each in world.every()] == ["APPROVED", "APPROVED", "DRAFT"]
    held = world.one("DRAFT")
    assert [each.message for each in held.draft.findings] == [
        "The total changed by +6 % from the previous invoice."
    ]
    with world.runtime.transaction(world.scope) as tx:
        found = decision(held.draft, approvals.asked(tx, held.draft))
    assert [demand.rule for demand in found.demands] == [Rule.FINDINGS, Rule.CHANGE]


# ------------------------------------------------------------------------------------- many --


def approve_them(
    world: World, wanted: Selection | list[InvoiceId], *, is_dry: bool = False
) -> list[Outcome]:
    """Ada approves them."""
    ada = replace(world.scope, actor="Ada via key:key_1")
    act = partial(approve_invoice, world.runtime, ada, is_dry=is_dry)
    return approve_many(world.runtime, ada, wanted, act)


def three_drafts(world: World) -> dict[str, InvoiceId]:
    """100 dollars that need two, 50 dollars, and a draft of nothing with findings."""
    rule(world, four_eyes_above=limit("99.99"))
    for form in (PLATFORM, SEATS, METERED):
        world.sign(form)
    world.on("2025-02-01").bill(through="2025-02-01")
    return {each.draft.lines[0].description: each.id for each in world.every()}


def test_many_are_approved_each_for_itself(world: World) -> None:
    ids = three_drafts(world)
    gone = InvoiceId("inv_none")
    wanted = [ids["Platform"], ids["Seats"], gone, ids["Seats"]]
    outcomes = {each.invoice_id: each for each in approve_them(world, wanted)}
    assert outcomes[ids["Platform"]].result is Result.NEEDS_SECOND_APPROVAL
    assert outcomes[ids["Platform"]].code == "FOUR_EYES"
    assert outcomes[ids["Seats"]] == Outcome(ids["Seats"], Result.APPROVED)
    assert (outcomes[gone].result, outcomes[gone].code) == (Result.REFUSED, "NotFound")
    assert len(outcomes) == 3
    again = approve_them(world, [ids["Seats"], ids["Platform"]])
    assert [each.code for each in again] == [InvoiceNotDraft.code, SamePersonAgain.code]


def test_a_dry_run_decides_the_same_and_keeps_nothing(world: World) -> None:
    three_drafts(world)
    would = approve_them(world, Selection(), is_dry=True)
    assert {each.status.value for each in world.every()} == {"DRAFT"}
    assert approve_them(world, Selection()) == would
    assert len(would) == len(world.every())


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (Selection(), {"API calls", "Platform", "Seats"}),
        (Selection(without_findings=True), {"Platform", "Seats"}),
        (Selection(legal_entity_id=LegalEntityId("halden-de")), {"API calls"}),
        (Selection(up_to=Money.parse("50.00", USD)), {"Seats"}),
        (Selection(up_to=Money.parse("49.99", USD)), set()),
        (Selection(up_to=Money.parse("50.00", EUR)), {"API calls"}),
    ],
)
def test_a_selection_is_narrowed_down(world: World, selection: Selection, found: set[str]) -> None:
    three_drafts(world)
    named = {each.id: each.draft.lines[0].description for each in world.every()}
    with world.runtime.transaction(world.scope) as tx:
        assert {named[each] for each in approvals.held(tx, selection)} == found


# ---------------------------------------------------------------------------------- compared --


def test_an_invoice_is_compared_with_the_last_one_of_its_kind(world: World) -> None:
    world.sign("""
        24 months from 2025-01-01, as platform
        Platform 100.00 then 130.00 USD, yearly in advance
        Setup 50.00 USD on 2025-01-01
    """)
    world.sign(SEATS)
    world.bill()
    world.on("2026-01-01").bill()
    first, second = (
        each.id for each in world.every() if each.draft.lines[0].description == "Platform"
    )
    with world.runtime.transaction(world.scope) as tx:
        assert comparisons.previous(tx, first) is None
        found = comparisons.compared(tx, second)
    assert found.before is not None
    assert found.before.id == first
    assert [(each.line.description, each.changes) for each in found.lines] == [
        ("Platform", (Change.PRICE, Change.AMOUNT)),
        ("Setup", (Change.GONE,)),
    ]
    assert (found.gross_difference.text, found.percent) == ("-20.00", -13)


def test_a_void_invoice_is_not_compared_with(world: World) -> None:
    world.sign(PLATFORM)
    world.bill()
    world.void(world.one().id)
    world.on("2025-02-01").bill()
    with world.runtime.transaction(world.scope) as tx:
        for stored in world.every("DRAFT"):
            before = comparisons.previous(tx, stored.id)
            assert before is None or before.status != "VOID"
