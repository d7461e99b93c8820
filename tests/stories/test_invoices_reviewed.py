"""A draft, held for review: refreshed, approved, issued; what may change it, and what may not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.stories.world import World, halden
from usance.domain.contracts.contract import ContractCanceled
from usance.domain.errors import Invalid
from usance.domain.ids import ContractId
from usance.domain.invoicing.invoice import (
    InvoiceNotApproved,
    InvoiceNotDraft,
    InvoiceNotIssued,
    InvoiceNotVoidable,
)
from usance.domain.invoicing.issuing import DraftHasErrors
from usance.flows.approve_invoice import DraftChanged, approve_invoice
from usance.flows.archive_contract import archive_contract
from usance.flows.archive_paper import archive_paper
from usance.flows.issue_invoice import issue_invoice
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.send_invoice import send_invoice
from usance.flows.set_up_company import save_customer, save_tax_rates
from usance.flows.update_contract import update_contract

PLATFORM = """
    12 months from 2025-01-01, as platform
    Platform 100.00 USD, monthly in advance
"""
SEATS = """
    12 months from 2025-01-01, as seats
    10 Seats at 5.00 USD, monthly in advance
"""
METERED = """
    12 months from 2025-01-01, as metered
    API calls at 0.01 EUR, used monthly
"""

# ------------------------------------------------------------------------- what shares a page --


def test_what_one_customer_owes_on_a_day_is_one_invoice(world: World) -> None:
    world.sign(PLATFORM)
    world.sign(SEATS)
    world.send_out()
    assert world.documents() == ["HUS-2025-00001  OPEN  Platform + Seats  150.00 USD"]


def test_a_line_that_wants_its_own_invoice_has_one(world: World) -> None:
    world.sign("""
        12 months from 2025-01-01
        Platform 100.00 USD, monthly in advance
        Setup 1,000.00 USD on 2025-01-01, on its own invoice
    """)
    world.sign(SEATS)
    world.send_out()
    assert sorted(world.documents()) == [
        "HUS-2025-00001  OPEN  Platform + Seats  150.00 USD",
        "HUS-2025-00002  OPEN  Setup  1000.00 USD",
    ]


@pytest.mark.parametrize("apart", ["PO PO-1", "net 60", "invoiced alone", "by minato"])
def test_what_differs_in_its_terms_shares_no_invoice(world: World, apart: str) -> None:
    world.sign(PLATFORM)
    world.sign(SEATS.replace("as seats", f"as seats, {apart}"))
    world.bill()
    assert len(world.every()) == 2


# ----------------------------------------------------------------------------- late and stale --


def test_usage_that_comes_late_is_on_the_draft_once_it_is_refreshed(world: World) -> None:
    world.sign(METERED)
    world.usage("2025-01-01", 100)
    world.on("2025-02-01").bill()
    draft = world.one()
    world.usage("2025-01-31", 50)
    with pytest.raises(DraftChanged):
        approve_invoice(world.runtime, world.scope, draft.id)
    assert refresh_drafts(world.runtime, world.scope) == [draft.id]
    assert refresh_drafts(world.runtime, world.scope) == []
    refreshed = world.one()
    assert (refreshed.id, refreshed.created_at) == (draft.id, draft.created_at)
    assert refreshed.draft.net.text == "1.50"
    assert world.bill().draft_count == 0
    world.approve_all().issue_all()
    assert world.documents() == ["HDE-2025-00001  OPEN  API calls  1.79 EUR"]


def test_usage_after_approval_changes_nothing_any_more(world: World) -> None:
    world.sign(METERED)
    world.usage("2025-01-01", 100)
    world.on("2025-02-01").bill()
    world.approve_all()
    world.usage("2025-01-31", 50)
    assert refresh_drafts(world.runtime, world.scope) == []
    assert refresh_drafts(world.runtime, world.scope, [world.one().id]) == []
    (issued,) = world.issue_all()
    assert issued.draft.net.text == "1.00"


def test_a_reviewer_approves_only_what_was_seen(world: World) -> None:
    world.sign(METERED)
    world.usage("2025-01-01", 100)
    world.on("2025-02-01").bill()
    seen = world.one().draft.input_hash
    world.usage("2025-01-31", 50)
    refresh_drafts(world.runtime, world.scope)
    with pytest.raises(DraftChanged):
        approve_invoice(world.runtime, world.scope, world.one().id, seen=seen)
    now = world.one().draft.input_hash
    approve_invoice(world.runtime, world.scope, world.one().id, seen=now)


def test_a_new_tax_rate_reaches_a_held_draft_when_it_is_refreshed(world: World) -> None:
    world.sign("""
        1 months from 2025-01-01
        Platform 100.00 EUR, monthly in advance
    """)
    world.bill()
    german = halden().legal_entities[1]
    rates = [replace(rate, percent=rate.percent + 1) for rate in halden().tax_rates[german.id]]
    save_tax_rates(world.runtime, world.scope, german.id, rates)
    draft = world.one()
    with pytest.raises(DraftChanged):
        approve_invoice(world.runtime, world.scope, draft.id)
    assert refresh_drafts(world.runtime, world.scope, [draft.id]) == [draft.id]
    (issued,) = world.approve_all().issue_all()
    assert issued.draft.tax.text == "20.00"


def test_a_finding_that_was_put_right_is_gone_when_the_draft_is_refreshed(world: World) -> None:
    larkspur = halden().customers[0]
    save_customer(world.runtime, world.scope, replace(larkspur, address=None))
    world.sign(PLATFORM)
    world.bill()
    draft = world.one()
    with pytest.raises(DraftHasErrors, match="AddressMissing"):
        approve_invoice(world.runtime, world.scope, draft.id)
    save_customer(world.runtime, world.scope, larkspur)
    assert refresh_drafts(world.runtime, world.scope, [draft.id]) == [draft.id]
    assert len(world.approve_all().issue_all()) == 1


def test_a_draft_that_would_have_an_error_now_is_not_approved(world: World) -> None:
    world.sign(PLATFORM)
    world.bill()
    nowhere = replace(halden().customers[0], address=None)
    save_customer(world.runtime, world.scope, nowhere)
    with pytest.raises(DraftChanged):
        approve_invoice(world.runtime, world.scope, world.one().id)


def test_a_po_number_that_was_missing_is_on_the_held_draft_at_once(world: World) -> None:
    world.sign(PLATFORM.replace("as platform", "as platform, PO required"))
    world.bill()
    draft = world.one()
    with pytest.raises(DraftHasErrors, match="PoNumberMissing"):
        approve_invoice(world.runtime, world.scope, draft.id)
    world.on("2025-01-05")
    update_contract(world.runtime, world.scope, ContractId("platform"), po_number="PO-9")
    moved = world.one()
    assert (moved.id, moved.created_at) == (draft.id, draft.created_at)
    assert moved.draft.grouping.po_number == "PO-9"
    world.approve_all().issue_all()
    update_contract(world.runtime, world.scope, ContractId("platform"), po_number="PO-10")
    assert world.one().draft.grouping.po_number == "PO-9", "what was issued never changes"
    world.on("2025-02-01").bill()
    assert world.every()[1].draft.grouping.po_number == "PO-10"


def test_a_po_number_of_one_contract_parts_the_draft_it_shares(world: World) -> None:
    world.sign(PLATFORM)
    world.sign(SEATS)
    world.bill()
    update_contract(world.runtime, world.scope, ContractId("seats"), po_number="PO-9")
    found = {
        tuple(line.description for line in each.draft.lines): each.draft.grouping.po_number
        for each in world.every()
    }
    assert found == {("Platform",): "", ("Seats",): "PO-9"}
    assert world.bill().draft_count == 0
    assert len(world.approve_all().issue_all()) == 2


# ----------------------------------------------------------------------------- worth a look --


def test_what_became_of_an_earlier_invoice_keeps_no_draft_from_approval(world: World) -> None:
    world.sign(PLATFORM)
    world.bill()
    world.on("2025-02-01").bill()
    january, february = world.every("DRAFT")
    world.void(january.id)
    approve_invoice(world.runtime, world.scope, february.id)
    assert world.invoice(february.id) is not None


def test_each_of_many_invoices_is_compared_with_its_own_previous_one(world: World) -> None:
    for number in range(14):
        world.sign(f"""
            24 months from 2025-12-01, as c{number}, invoiced alone
            Platform 100.00 then 250.00 USD, yearly in advance
        """)
    world.on("2025-12-01").bill()
    world.on("2026-12-01").bill()
    changed = [
        finding.message
        for stored in world.every()
        for finding in stored.draft.findings
        if finding.code == "TotalChanged"
    ]
    assert changed == ["The total changed by +150 % from the previous invoice."] * 14


# ----------------------------------------------------------------------------------- archived --


def test_archiving_a_contract_makes_its_held_drafts_void_and_stops_it(world: World) -> None:
    world.sign(PLATFORM)
    world.bill()
    archive_contract(world.runtime, world.scope, ContractId("platform"))
    assert world.documents() == ["-  VOID  Platform  100.00 USD"]
    assert world.one().void_reason == "the contract was archived"
    assert world.on("2025-03-01").bill().draft_count == 0
    with pytest.raises(ContractCanceled):
        archive_contract(world.runtime, world.scope, ContractId("platform"))
    with pytest.raises(ContractCanceled):
        update_contract(world.runtime, world.scope, ContractId("platform"), name="Other")


def test_archiving_one_of_two_contracts_strips_the_draft_they_share(world: World) -> None:
    world.sign(PLATFORM)
    world.sign(SEATS)
    world.bill()
    draft = world.one()
    world.on("2025-01-02")
    archive_contract(world.runtime, world.scope, ContractId("platform"))
    stripped = world.one()
    assert (stripped.id, stripped.created_at) == (draft.id, draft.created_at)
    assert world.documents() == ["-  DRAFT  Seats  50.00 USD"]
    world.approve_all().issue_all()


def test_archiving_leaves_what_was_approved_and_issued(world: World) -> None:
    world.sign(PLATFORM)
    world.send_out()
    world.on("2025-02-01").bill()
    world.approve_all()
    archive_contract(world.runtime, world.scope, ContractId("platform"))
    assert [each.status for each in world.every()] == ["ISSUED", "APPROVED"]
    assert len(world.issue_all()) == 1


# --------------------------------------------------------------------------------------- void --


def test_a_void_draft_is_drafted_anew(world: World) -> None:
    world.sign(PLATFORM)
    world.bill()
    world.void(world.one().id)
    assert world.bill().draft_count == 1
    assert sorted(world.documents()) == [
        "-  DRAFT  Platform  100.00 USD",
        "-  VOID  Platform  100.00 USD",
    ]


def test_voiding_an_issued_invoice_reverses_the_books_and_makes_its_days_due_again(
    world: World,
) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    world.on("2025-02-01").send_out()
    world.void(issued.draft.id, "wrong customer address")
    assert world.books() == {
        "receivable": "100.00 USD",
        "contract_liability": "-100.00 USD",
    }
    assert world.one("VOID").number == "HUS-2025-00001"
    assert world.bill().draft_count == 1
    assert world.invoices() == [
        "2025-01-01  Platform  2025-01-01..2025-02-01  100.00 USD",
        "2025-02-01  Platform  2025-02-01..2025-03-01  100.00 USD",
    ]
    (again,) = world.approve_all().issue_all()
    assert again.number == "HUS-2025-00003"


def test_an_invoice_with_money_on_it_is_not_made_void(world: World) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    world.pay("40.00 USD", remittance=issued.number)
    with pytest.raises(InvoiceNotVoidable, match=r"40\.00 USD is allocated"):
        world.void(issued.draft.id)


def test_void_is_void(world: World) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    world.void(issued.draft.id)
    with pytest.raises(InvoiceNotVoidable):
        world.void(issued.draft.id)
    with pytest.raises(InvoiceNotDraft):
        approve_invoice(world.runtime, world.scope, issued.draft.id)
    with pytest.raises(InvoiceNotApproved):
        issue_invoice(world.runtime, world.scope, issued.draft.id)
    with pytest.raises(InvoiceNotIssued):
        send_invoice(world.runtime, world.scope, issued.draft.id)


@pytest.mark.parametrize(
    "reason", ["", " \t ", "x" * 501, "a\x00b"], ids=["none", "blank", "too long", "NUL"]
)
def test_an_invoice_is_made_void_for_a_reason_somebody_can_read(world: World, reason: str) -> None:
    world.sign(PLATFORM)
    world.bill()
    with pytest.raises(Invalid) as refused:
        world.void(world.one().id, reason)
    assert refused.value.problems[0].code == "ReasonMissing"
    assert world.one().status == "DRAFT"


# ------------------------------------------------------------------------------ who approves --


def test_nothing_is_approved_without_somebody_or_a_rule(world: World) -> None:
    world.sign(PLATFORM)
    world.sign(SEATS.replace("as seats", "as seats, by minato, approved under 50.00"))
    for month in ("01", "02", "03"):
        world.on(f"2025-{month}-01").bill()
    assert {each.approved_by for each in world.every("APPROVED")} == {"rule: at most 50.00 USD"}
    assert [each.draft.customer_id for each in world.every("APPROVED")] == ["minato"] * 3
    assert [each.draft.customer_id for each in world.every("DRAFT")] == ["larkspur"] * 3


def test_a_rule_holds_for_a_shared_invoice_only_when_every_contract_has_one(world: World) -> None:
    world.sign(PLATFORM.replace("as platform", "as platform, approved under 1000.00"))
    world.sign(SEATS)
    world.bill()
    assert world.one().status == "DRAFT"


def test_a_rule_lets_nothing_pass_above_it_or_with_a_finding(world: World) -> None:
    world.sign(PLATFORM.replace("as platform", "as platform, approved under 99.99"))
    world.sign(METERED.replace("as metered", "as metered, approved under 1000.00"))
    world.on("2025-02-01").bill()
    assert {each.status.value for each in world.every()} == {"DRAFT"}
    assert "UsageMissing" in {one.code for each in world.every() for one in each.draft.findings}


# ------------------------------------------------------------------------------------- issued --


def test_paper_says_the_same_bytes_whenever_it_is_asked_for(world: World) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    first = archive_paper(world.runtime, world.scope, issued.draft.id)
    save_customer(world.runtime, world.scope, replace(halden().customers[0], name="Renamed, Inc."))
    world.on("2025-03-01").pay("100.00 USD", remittance=issued.number)
    assert archive_paper(world.runtime, world.scope, issued.draft.id) == first
    assert first.startswith(b"%PDF")


def test_an_invoice_is_sent_once(world: World) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    send_invoice(world.runtime, world.scope, issued.draft.id)
    sent_at = world.one().sent_at
    world.on("2025-01-02")
    send_invoice(world.runtime, world.scope, issued.draft.id)
    assert world.one().sent_at == sent_at
    assert [kind for kind, _ in world.facts()].count("InvoiceSent") == 1


def test_numbers_count_anew_each_year_and_for_each_company(world: World) -> None:
    world.sign(PLATFORM.replace("2025-01-01", "2025-12-01"))
    world.sign("""
        12 months from 2025-12-01
        Platform 100.00 EUR, monthly in advance
    """)
    world.on("2025-12-01").send_out()
    world.on("2026-01-01").send_out()
    assert [each.number for each in world.every()] == [
        "HDE-2025-00001",
        "HUS-2025-00001",
        "HDE-2026-00001",
        "HUS-2026-00001",
    ]


def test_a_payment_settles_an_invoice_and_the_books_agree(world: World) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    world.on("2025-01-20").pay("60.00 USD", remittance=f"invoice {issued.number}")
    assert world.documents() == ["HUS-2025-00001  PARTIALLY_PAID  Platform  100.00 USD"]
    assert world.on("2025-02-01").documents() == ["HUS-2025-00001  OVERDUE  Platform  100.00 USD"]
    world.pay("50.00 USD", remittance=issued.number)
    assert world.documents() == ["HUS-2025-00001  PAID  Platform  100.00 USD"]
    assert world.books() == {
        "bank": "110.00 USD",
        "unapplied_cash": "-10.00 USD",
        "contract_liability": "-100.00 USD",
    }
