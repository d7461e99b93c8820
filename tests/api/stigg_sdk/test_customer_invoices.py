"""A customer's contracts and invoices, through Stigg's SDK: the last one, the next one, all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, LiteralString

import pytest
from stigg import NotFoundError, Stigg, UnprocessableEntityError

from tests.api.conftest import Desk, invoice_ids
from tests.api.lives import INITIAL, SEATS, agree, later
from tests.api.stigg_sdk.conftest import async_stigg
from usance.store.database import Row, Tx

CALLS: dict[str, Any] = {
    "lineId": "calls",
    "name": "API calls",
    "kind": "USAGE",
    "featureId": "api-calls",
    "price": {"model": "PER_UNIT", "unitAmount": "0.01"},
    "billing": {"every": {"count": 1, "unit": "MONTH"}, "timing": "IN_ARREARS"},
    "service": {"start": "2025-01-01"},
}


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bill(desk: Desk, on: str) -> str:
    """What fell due by that day, on its one draft, issued; its id."""
    desk.at(on)
    desk.post("/billing-runs")
    [draft] = invoice_ids(desk, state="DRAFT")
    desk.issued(draft)
    return str(draft)


def pay(desk: Desk, amount: str, *, on: str) -> None:
    """A transfer of nordlicht's, allocated to the oldest it owes."""
    sent = {"legalEntityId": "halden-de", "customerId": "nordlicht", "currency": "EUR"}
    assert desk.post("/payments", {**sent, "amount": amount, "receivedOn": on}).status_code == 201


def test_a_contract_names_its_last_invoice_and_its_next(desk: Desk, stigg: Stigg) -> None:
    agree(desk, INITIAL)
    read = stigg.v1.contracts.retrieve
    new = read("c1").data
    assert new.latest_invoice is None
    assert new.next_invoice is not None
    assert (new.next_invoice.amount.amount, new.next_invoice.amount.currency) == (357, "eur")
    assert new.next_invoice.invoice_id is None
    assert (new.next_invoice.period_start, new.next_invoice.period_end) == (
        day("2025-01-01"),
        day("2025-02-01"),
    )
    assert new.next_invoice.due_date == day("2025-01-31")

    january = bill(desk, "2025-01-01")
    billed = read("c1").data
    assert billed.latest_invoice is not None
    assert (billed.latest_invoice.billing_id, billed.latest_invoice.status) == (january, "OPEN")
    assert (billed.latest_invoice.total, billed.latest_invoice.amount_due) == (357, 357)
    assert billed.latest_invoice.currency == "eur"
    assert billed.latest_invoice.billing_reason == "BILLING_CYCLE"
    assert billed.latest_invoice.requires_action is False
    assert billed.latest_invoice.pdf_url is not None
    paper = desk.http.get(billed.latest_invoice.pdf_url)
    assert paper.headers["content-type"] == "application/pdf"
    assert billed.next_invoice is not None
    assert billed.next_invoice.period_start == day("2025-02-01")

    desk.at("2025-02-01")
    desk.post("/billing-runs")
    [held] = invoice_ids(desk, state="DRAFT")
    waiting = read("c1").data.next_invoice
    assert waiting is not None
    assert (waiting.invoice_id, waiting.amount.amount) == (held, 357)
    assert waiting.period_end == day("2025-03-01")

    pay(desk, "357.00", on="2025-02-01")
    paid = read("c1").data.latest_invoice
    assert paid is not None
    assert (paid.status, paid.amount_due) == ("PAID", 0)
    desk.post(f"/invoices/{held}/void", {"reason": "Twice"})
    last = read("c1").data.latest_invoice
    assert last is not None
    assert last.billing_id == january, "a draft that was made void was never an invoice"

    desk.issued(desk_draft(desk))
    february = read("c1").data.latest_invoice
    assert february is not None
    desk.post(f"/invoices/{february.billing_id}/void", {"reason": "Wrong"})
    canceled = read("c1").data.latest_invoice
    assert canceled is not None
    assert (canceled.billing_id, canceled.status, canceled.amount_due) == (
        february.billing_id,
        "CANCELED",
        0,
    )
    archived = stigg.v1.contracts.delete("c1").data
    assert archived.latest_invoice is not None
    assert archived.next_invoice is None


def desk_draft(desk: Desk) -> str:
    """The one draft a billing run makes now."""
    desk.post("/billing-runs")
    [draft] = invoice_ids(desk, state="DRAFT")
    return str(draft)


def test_the_next_invoice_counts_usage_for_one_contract_and_not_for_a_list(
    desk: Desk, stigg: Stigg
) -> None:
    agree(desk, {**INITIAL, "lines": [CALLS]})
    event = {
        "customerId": "nordlicht",
        "eventName": "api_calls",
        "timestamp": "2025-01-01T10:00:00Z",
    }
    dimensions = {"calls": 5000, "status": "ok"}
    desk.post("/events", {"events": [{**event, "idempotencyKey": "1", "dimensions": dimensions}]})
    one = stigg.v1.contracts.retrieve("c1").data.next_invoice
    assert one is not None
    assert one.amount.amount == 59.5
    assert one.period_start == day("2025-01-01")
    [listed] = stigg.v1.contracts.list()
    assert listed.next_invoice is None
    [own] = stigg.v1.customers.list_contracts("nordlicht").data
    assert own.next_invoice is not None
    assert own.next_invoice.amount.amount == 59.5


def test_what_waits_to_be_given_back_is_in_the_next_invoice(desk: Desk, stigg: Stigg) -> None:
    agree(desk, INITIAL)
    bill(desk, "2025-01-01")
    desk.at("2025-01-16")
    fewer = later(
        "o2",
        "AMENDMENT",
        effectiveOn="2025-01-16",
        changes=[{"lineId": "seats", "addQuantity": -5}],
    )
    agree(desk, fewer)
    to_come = stigg.v1.contracts.retrieve("c1").data.next_invoice
    desk.at("2025-02-01")
    desk.post("/billing-runs")
    held = stigg.v1.contracts.retrieve("c1").data.next_invoice
    assert to_come is not None
    assert held is not None
    assert held.invoice_id is not None
    assert (to_come.amount, to_come.due_date, to_come.period_start, to_come.period_end) == (
        held.amount,
        held.due_date,
        held.period_start,
        held.period_end,
    )
    assert held.amount.amount < 178.5, "five seats, less what five more were billed too much"


def test_a_list_of_contracts_costs_as_many_statements_whatever_its_length(
    desk: Desk, stigg: Stigg, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[LiteralString] = []
    asked = Tx.all

    def counted(tx: Tx, statement: LiteralString, **values: object) -> list[Row]:
        ran.append(statement)
        return asked(tx, statement, **values)

    def listed() -> int:
        ran.clear()
        shown = list(stigg.v1.contracts.list(limit=50))
        assert all(each.next_invoice is not None for each in shown)
        return len(ran)

    agree(desk, INITIAL)
    monkeypatch.setattr(Tx, "all", counted)
    of_one = listed()
    agree(desk, *({**INITIAL, "orderId": f"x{n}", "contractId": f"x{n}"} for n in range(5)))
    assert listed() == of_one > 0


def test_a_customers_contracts_come_without_pages(desk: Desk, stigg: Stigg) -> None:
    agree(desk, INITIAL)
    stigg.v1.contracts.create(customer_id="nordlicht", contract_id="later")
    answer = stigg.v1.customers.list_contracts("nordlicht")
    assert [each.contract_id for each in answer.data] == ["c1", "later"]
    assert [each.next_invoice is None for each in answer.data] == [False, True]
    assert desk.get("/customers/nordlicht/contracts").json().keys() == {"data"}
    with pytest.raises(NotFoundError):
        stigg.v1.customers.list_contracts("none")


@pytest.fixture
def billed(desk: Desk) -> list[str]:
    """January paid, February void, March open, and a dearer one of another contract."""
    agree(desk, INITIAL)
    january, february = bill(desk, "2025-01-01"), bill(desk, "2025-02-01")
    pay(desk, "357.00", on="2025-02-01")
    agree(
        desk,
        {
            **INITIAL,
            "orderId": "o9",
            "contractId": "c9",
            "lines": [{**SEATS, "quantity": 50, "service": {"start": "2025-03-01"}}],
            "paymentTerms": {"netDays": 5},
            "term": {"start": "2025-03-01", "months": 12},
        },
    )
    desk.at("2025-03-01")
    desk.post("/billing-runs")
    ids = invoice_ids(desk, state="DRAFT")
    for each in ids:
        desk.issued(each)
    third, fourth = sorted(
        ids, key=lambda each: desk.get(f"/invoices/{each}").json()["data"]["number"]
    )
    desk.post(f"/invoices/{february}/void", {"reason": "Wrong"})
    return [january, february, third, fourth]


def test_a_customers_invoices_are_listed_filtered_and_sorted(
    desk: Desk, stigg: Stigg, billed: list[str]
) -> None:
    def found(**wanted: Any) -> list[str]:
        pages = stigg.v1.customers.list_invoices("nordlicht", limit=1, **wanted)
        return [each.invoice_id for each in pages]

    january, february, *march = billed
    by_total = {
        each.invoice_id: each.total for each in stigg.v1.customers.list_invoices("nordlicht")
    }
    dear = max(march, key=lambda each: by_total[each] or 0)
    [cheap] = [each for each in march if each != dear]
    assert found()[:2] == [january, february]
    assert set(found()[2:]) == set(march)
    assert set(found(order_dir="DESC")[:2]) == set(march)
    assert found(order_dir="DESC")[2:] == [february, january]
    assert found(order_by="dueDate") == [january, february, dear, cheap]
    assert found(order_by="total", order_dir="DESC")[0] == dear
    assert found(state_in="PAID,CANCELED") == [january, february]
    assert found(contract_external_id="c9") == [dear]
    assert found(issued_after="2025-02-01", issued_before="2025-02-01T23:00:00Z") == [february]
    for each in stigg.v1.customers.list_invoices("nordlicht"):
        assert each.invoice_id in found(state_in=each.state), "SQL and the rules say the same state"
    first = stigg.v1.customers.list_invoices("nordlicht", order_by="total", limit=3)
    assert first.pagination is not None
    second = stigg.v1.customers.list_invoices(
        "nordlicht", order_by="total", limit=3, after=first.pagination.next or ""
    )
    assert second.pagination is not None
    back = stigg.v1.customers.list_invoices(
        "nordlicht", order_by="total", limit=3, before=second.pagination.prev or ""
    )
    assert [each.invoice_id for each in back.data] == [each.invoice_id for each in first.data]
    wrong: list[Any] = [{"state_in": "LATE"}, {"order_by": "size"}, {"issued_after": "soon"}]
    for each in wrong:
        with pytest.raises(UnprocessableEntityError):
            found(**each)
    with pytest.raises(NotFoundError):
        stigg.v1.customers.list_invoices("none")


def test_an_invoice_says_what_was_billed_and_when_it_was_paid(
    desk: Desk, stigg: Stigg, billed: list[str]
) -> None:
    january, february, *_ = stigg.v1.customers.list_invoices("nordlicht")
    assert (january.state, january.paid_date) == ("PAID", day("2025-02-01"))
    assert (january.issue_date, january.due_date) == (day("2025-01-01"), day("2025-01-31"))
    assert (january.subtotal, january.discount, january.tax, january.total) == (300, 0, 57, 357)
    assert (january.currency, january.invoice_number) == ("eur", "HDE-2025-00001")
    assert (january.contract_external_id, january.customer_external_id) == ("c1", "nordlicht")
    assert january.invoice_external_id == january.invoice_id
    [line] = january.line_items
    assert (line.description, line.quantity, line.unit_price, line.amount) == (
        "Platform, seats",
        10,
        30,
        300,
    )
    assert line.product_external_id is None
    assert (february.state, february.paid_date) == ("CANCELED", None)
    assert list(stigg.v1.customers.list_invoices("larkspur")) == []


def test_drafts_are_not_shown(desk: Desk, stigg: Stigg) -> None:
    agree(desk, INITIAL)
    desk.post("/billing-runs")
    assert list(stigg.v1.customers.list_invoices("nordlicht")) == []


def test_the_asynchronous_sdk_lists_both(desk: Desk, billed: list[str]) -> None:
    async def told() -> tuple[int, int]:
        async with async_stigg(desk) as client:
            contracts = await client.v1.customers.list_contracts("nordlicht")
            found = [each async for each in client.v1.customers.list_invoices("nordlicht", limit=2)]
            return len(contracts.data), len(found)

    assert asyncio.run(told()) == (2, 4)
