"""Findings: each thing a reviewer is told, once at least, and what forbids approval."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from msgspec import structs

from tests.domain.deals import AT_HOME, NET_30, TAXES, buyer, seller
from tests.domain.invoicing.agreement import (
    CALLS,
    SEATS,
    TERMS,
    agreement,
    calls,
    calls_at,
    drafts_of,
)
from tests.house.source import HOUSE
from usance.domain.approval_rules import ApprovalRules
from usance.domain.contracts.order import Segment
from usance.domain.due_items import Grouping
from usance.domain.ids import ContractId
from usance.domain.invoicing.findings import ANYTHING_ELSE, REMEDIES, remedy
from usance.domain.invoicing.history import History
from usance.domain.invoicing.invoice import DocumentType, Draft, Finding, Severity
from usance.domain.invoicing.taxed_items import Parties
from usance.domain.metering.totals import UsageTotal
from usance.domain.rating.prices import Graduated, Matrix, Tier, Volume

ALONE = Grouping(NET_30, "", is_po_required=False, alone="").key
KNOWN = History({ContractId("ctr"): date(2024, 1, 1)})  # a contract that was invoiced before


def seen(draft: Draft) -> list[str]:
    """Severity, code and path of each finding."""
    return [f"{each.severity} {each.code} {each.path}" for each in draft.findings]


def one_draft(
    *,
    parties: Parties = AT_HOME,
    counted: UsageTotal | None = None,
    history: History = KNOWN,
    lines: tuple[object, ...] = (),
    **terms: object,
) -> Draft:
    """The January document of the plain agreement, changed."""
    contract = agreement(*lines, terms=replace(TERMS, **terms))  # type: ignore[arg-type]
    (draft,) = drafts_of(contract, parties=parties, counted=counted, history=history)
    return draft


def test_a_plain_document_has_nothing_to_look_at() -> None:
    draft = one_draft()
    assert seen(draft) == []
    assert (draft.net.text, draft.tax.text, draft.gross.text) == ("300.00", "57.00", "357.00")


def test_the_first_invoice_of_a_contract_is_pointed_out() -> None:
    first = one_draft(history=History())
    assert seen(first) == ["INFO FirstInvoice lines"]
    again = one_draft(history=History({ContractId("ctr"): first.bill_on}))
    assert seen(again) == seen(first), "drafting it once more, late, finds the same"


def test_history_grows_by_the_documents_that_stand() -> None:
    first = one_draft(history=History())
    free = tuple(structs.replace(line, contract_id=None) for line in first.lines)
    assert History().after(first) == History({ContractId("ctr"): first.bill_on}, {ALONE: 35700})
    assert History().after(replace(first, lines=free)) == History({}, {ALONE: 35700})
    assert KNOWN.after(first).first_billed == KNOWN.first_billed


@pytest.mark.parametrize(
    ("before", "message"),
    [(28560, None), (28559, "+25 %"), (47600, None), (47700, "-25 %"), (71400, "-50 %"), (0, None)],
)
def test_a_total_that_changed_by_more_than_a_quarter_is_pointed_out(
    before: int, message: str | None
) -> None:
    draft = one_draft(history=History(KNOWN.first_billed, {ALONE: before}))
    if message is None:
        assert draft.findings == ()
    else:
        assert seen(draft) == ["WARNING TotalChanged gross"]
        assert f"by {message} from" in draft.findings[0].message


def test_a_missing_purchase_order_number_forbids_approval() -> None:
    assert seen(one_draft(is_po_required=True)) == ["ERROR PoNumberMissing poNumber"]
    assert seen(one_draft(is_po_required=True, po_number="PO-1")) == []


def test_a_missing_tax_rate_forbids_approval() -> None:
    untaxed = replace(SEATS, ref="l2", tax_code="unknown")
    draft = one_draft(lines=(SEATS, untaxed))
    assert seen(draft) == ["ERROR TaxRateMissing lines[1].taxCode"]
    assert draft.has_errors


def test_a_missing_address_forbids_approval_until_it_is_there() -> None:
    nowhere = one_draft(parties=replace(AT_HOME, buyer=buyer(None)))
    assert seen(nowhere) == ["ERROR AddressMissing customer.address"]
    somewhere = one_draft()
    assert somewhere.lines == nowhere.lines
    assert somewhere.input_hash != nowhere.input_hash, "so that a held draft is made anew"


def test_reverse_charge_says_what_it_rests_on() -> None:
    french = buyer("FR", vat_ids=["FR40303265045"])
    draft = one_draft(parties=Parties(seller=seller(), buyer=french, taxes=TAXES))
    assert seen(draft) == ["INFO TaxIdUnverified customer.taxIds"]
    assert draft.tax.is_zero
    assert [row.reason for row in draft.taxes] == ["Reverse charge: Article 196 VAT Directive"]


def test_usage_that_did_not_arrive_is_pointed_out() -> None:
    draft = one_draft(lines=(SEATS, CALLS))
    assert seen(draft) == ["WARNING UsageMissing lines[1].quantity"]
    assert "'Calls' in 2025-01-01..2025-02-01" in draft.findings[0].message


def test_usage_that_the_meter_could_not_read_is_pointed_out() -> None:
    draft = one_draft(lines=(CALLS,), counted=calls("100", unread=3))
    assert seen(draft) == ["WARNING UsageUnread lines[0].quantity"]
    assert draft.findings[0].message.startswith("3 events")


TIERS = (Tier(Decimal(1000), Decimal("0.01")),)


@pytest.mark.parametrize(
    ("line", "quantity", "units", "net"),
    [
        (calls_at(Graduated(TIERS)), "1150", "150 of 1150 calls", "10.00"),
        (calls_at(Volume(TIERS)), "1150", "1150 of 1150 calls", "0.00"),
        (calls_at(Matrix(("region",), ())), "7.5", "7.5 of 7.5 calls", "0.00"),
        (calls_at(Graduated(TIERS)), "-1150", "-150 of -1150 calls", "-10.00"),
    ],
)
def test_usage_that_no_tier_or_cell_prices_is_shown_and_forbids_approval(
    line: object, quantity: str, units: str, net: str
) -> None:
    draft = one_draft(lines=(line,), counted=calls(quantity))
    assert draft.has_errors
    assert draft.net.text == net
    unpriced = next(each for each in draft.findings if each.code == "UsageUnpriced")
    assert (unpriced.severity, unpriced.path) == (Severity.ERROR, "lines[0].quantity")
    assert unpriced.message == f"No price covers {units} of 'Calls'."


def test_usage_that_is_priced_to_the_last_unit_is_no_finding() -> None:
    assert seen(one_draft(lines=(calls_at(Graduated(TIERS)),), counted=calls("1000"))) == []


def test_a_total_below_nothing_is_a_credit_note() -> None:
    draft = one_draft(lines=(CALLS,), counted=calls("-100"))
    assert draft.type is DocumentType.CREDIT_NOTE
    assert not draft.has_errors
    assert draft.gross.text == "-1.19"


def test_errors_come_first_then_warnings_then_what_is_good_to_know() -> None:
    nowhere = replace(AT_HOME, buyer=buyer(None))
    draft = one_draft(parties=nowhere, lines=(CALLS,), history=History(), is_po_required=True)
    severities = [each.severity for each in draft.findings]
    assert severities == [*[Severity.ERROR] * 2, *[Severity.WARNING] * 2, Severity.INFO]


def test_a_document_of_nothing_is_pointed_out() -> None:
    assert seen(one_draft(lines=(CALLS,), counted=calls("0"))) == ["WARNING ZeroTotal gross"]


def test_a_line_that_gives_back_says_what_it_was_for() -> None:
    less = replace(SEATS, ref="l2", segments=tuple(_negative(each) for each in SEATS.segments))
    more = replace(SEATS, segments=tuple(_tenfold(each) for each in SEATS.segments))
    assert seen(one_draft(lines=(more, less))) == ["WARNING CreditWithoutSource lines[1]"]
    assert seen(one_draft(lines=(SEATS, CALLS), counted=calls("-10"))) == [], "usage sent back"


def _negative(segment: Segment) -> Segment:
    return replace(segment, quantity=-segment.quantity)


def _tenfold(segment: Segment) -> Segment:
    return replace(segment, quantity=10 * segment.quantity)


@pytest.mark.parametrize(
    ("received", "hold", "found"),
    [
        ("2025-01-31T22:59:59", 0, False),
        ("2025-01-31T23:00:00", 0, True),  # midnight of 1 February in Berlin
        ("2025-02-03T22:59:59", 5, False),
        ("2025-02-04T23:00:00", 5, True),  # on the last day of the hold window
        ("2025-03-01T00:00:00", 5, True),
    ],
)
def test_usage_that_is_still_arriving_is_pointed_out(received: str, hold: int, found: bool) -> None:
    at = datetime.fromisoformat(f"{received}+00:00")
    counted = UsageTotal(Decimal(100), 1, at)
    draft = one_draft(lines=(CALLS,), counted=counted, usage_hold_days=hold)
    wanted = ["WARNING UsageStillArriving lines[0].quantity"] if found else []
    assert seen(draft) == wanted


@pytest.mark.parametrize(
    ("entity", "contract", "other", "percent"),
    [
        (None, None, None, 25),
        ("40", None, None, 40),
        (None, "40", None, 40),
        ("10", "40", None, 10),
        ("40", "10", None, 10),
        ("40", None, "5", 40),  # of a contract that is not on it
        ("0", None, None, 0),
    ],
)
def test_how_much_a_total_may_change_is_the_strictest_that_anybody_names(
    entity: str | None, contract: str | None, other: str | None, percent: int
) -> None:
    parties = replace(AT_HOME, seller=replace(seller(), review=_changing(entity)))
    rules = {ContractId("ctr"): _changing(contract), ContractId("other"): _changing(other)}
    for before, is_told in ((35700, False), (35700 * 100 // (100 + percent) - 1, True)):
        history = History(KNOWN.first_billed, {ALONE: before}, rules)
        found = seen(one_draft(parties=parties, history=history))
        assert found == (["WARNING TotalChanged gross"] if is_told else [])
    just = History(KNOWN.first_billed, {ALONE: -(-35700 * 100 // (100 + percent))}, rules)
    assert seen(one_draft(parties=parties, history=just)) == []


def _changing(percent: str | None) -> ApprovalRules:
    return ApprovalRules(change_percent=None if percent is None else Decimal(percent))


def test_every_finding_says_what_to_do_next() -> None:
    sources = "".join(file.read_text("utf-8") for file in (HOUSE / "domain").rglob("*.py"))
    codes = set(re.findall(r'Finding\(\s*Severity\.\w+,\s*"(\w+)"', sources))
    assert codes == set(REMEDIES)
    assert remedy(Finding(Severity.INFO, "Unheard", "", "")) == ANYTHING_ELSE
    assert "address" in remedy(Finding(Severity.ERROR, "AddressMissing", "", ""))
