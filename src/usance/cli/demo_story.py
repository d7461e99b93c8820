"""The demo's story: half a year of a small group of companies, on a moved clock.

Nothing in here is special to the demo: each step is a flow that the API and the console call too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as hour
from pathlib import Path

from usance.cli.company import load_company
from usance.cli.session import Session
from usance.documents.company_file import read_company
from usance.documents.event_file import read_events
from usance.documents.order_form import read_form
from usance.domain.calendar import month_after, parse_day
from usance.domain.ids import ContractId, InvoiceId, OrderId
from usance.domain.invoicing.invoice import Issued
from usance.domain.money import Money, round_minor
from usance.domain.payments.allocating import NamedAllocation
from usance.flows.approve_invoice import approve_invoice
from usance.flows.archive_paper import archive_paper
from usance.flows.fulfil_order import FulfilledOrder, fulfil_order
from usance.flows.ingest_usage import ingest_usage
from usance.flows.issue_invoice import issue_invoice
from usance.flows.open_environment import move_clock
from usance.flows.record_payment import RecordPayment, record_payment
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.run_billing import run_billing
from usance.flows.send_invoice import send_invoice
from usance.flows.sign_order import sign_order
from usance.store import invoices

FIRST_MONTH = date(2025, 1, 1)
MONTHS = 6
PART_PAID = 3  # the third invoice issued is paid in part only

Tell = Callable[[str], None]


@dataclass(slots=True)
class Played:
    """What came of it: which orders and contracts, which papers, how long each part took."""

    orders: list[FulfilledOrder] = field(default_factory=list)
    issued: list[Issued] = field(default_factory=list)
    papers: dict[InvoiceId, Path] = field(default_factory=dict)
    events: int = 0
    paid: set[InvoiceId] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Add the time spent inside to that part."""
        start = time.perf_counter()
        yield
        self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - start

    @property
    def contract_ids(self) -> list[ContractId]:
        """The contracts made, in the order they were."""
        return [each.contract.id for each in self.orders]


def play(here: Session, examples: Path, out: Path, tell: Tell) -> Played:
    """Half a year: orders as they are signed; each month usage, billing, review, issue, payment."""
    played = Played()
    _move_to(here, FIRST_MONTH)
    with played.timed("setUp"):
        tell("setting up companies, tax rates, features and customers")
        load_company(here, read_company(examples / "company.yaml"))
    waiting = _forms(examples)
    for month in (month_after(FIRST_MONTH, count) for count in range(MONTHS)):
        _move_to(here, month)
        with played.timed("orders"):
            waiting = _sign_those_due(here, waiting, month_after(month, 1), played, tell)
        _bill(here, out, played, tell)
        with played.timed("payments"):
            pay_day = month + timedelta(days=12)
            _move_to(here, pay_day)
            _collect(here, played, tell, on=pay_day)
        with played.timed("usage"):
            _move_to(here, month_after(month, 1))
            _use(here, examples / "usage" / f"{month:%Y-%m}.jsonl", played, tell)
    _bill(here, out, played, tell)
    return played


def _forms(examples: Path) -> list[Path]:
    return sorted((examples / "orders").iterdir())


def _sign_those_due(
    here: Session, forms: list[Path], before: date, played: Played, tell: Tell
) -> list[Path]:
    """Sign and fulfil the orders whose term begins before that day; the rest waits."""
    waiting = []
    for file in forms:
        document = file.read_bytes()
        form = read_form(document.decode())
        term = form["term"]
        assert isinstance(term, dict), "an order form has a term"
        if parse_day(term["start"]) >= before:
            waiting.append(file)
            continue
        order = sign_order(here.runtime, here.scope, form, document=document)
        tell(f"order {order.id} NEW; fulfilling: contract, subscriptions, metered features")
        played.orders.append(fulfil_order(here.runtime, here.scope, OrderId(order.id)))
    return waiting


def _use(here: Session, file: Path, played: Played, tell: Tell) -> None:
    """Take in a month's events, once the month is over."""
    events = read_events(file.read_text(encoding="utf-8"), str(file))
    tell(f"{len(events)} usage events from {file.name}")
    ingest_usage(here.runtime, here.scope, events)
    played.events += len(events)


def _bill(here: Session, out: Path, played: Played, tell: Tell) -> None:
    """Draft what is due, hold it, look at it, approve, issue, send, archive the PDF."""
    with played.timed("billing"):
        refresh_drafts(here.runtime, here.scope)
        run = run_billing(here.runtime, here.scope)
        tell(f"{run.draft_count} drafts held for review, {_sums(run.gross)}")
    for invoice_id in _held(here):
        with played.timed("issuing"):
            issued = issue_invoice(here.runtime, here.scope, invoice_id)
            send_invoice(here.runtime, here.scope, invoice_id)
        played.issued.append(issued)
        with played.timed("papers"):
            paper = out / f"{issued.number}.pdf"
            paper.write_bytes(archive_paper(here.runtime, here.scope, invoice_id))
            played.papers[invoice_id] = paper
        tell(f"issued {issued.number}: {issued.draft.gross}")


def _held(here: Session) -> list[InvoiceId]:
    """Approve the drafts; with them come those a contract's own rule approved."""
    with here.runtime.transaction(here.scope) as tx:
        held = invoices.page(tx, after=None, before=None, limit=500, statuses=["DRAFT"])
    for invoice_id in held:
        approve_invoice(here.runtime, here.scope, invoice_id)
    with here.runtime.transaction(here.scope) as tx:
        return invoices.page(tx, after=None, before=None, limit=500, statuses=["APPROVED"])


def _collect(here: Session, played: Played, tell: Tell, *, on: date) -> None:
    """Bank transfers for what is open, one for a part only; the last month stays unpaid."""
    if on >= month_after(FIRST_MONTH, MONTHS - 1):
        return
    for place, issued in enumerate(played.issued, start=1):
        if issued.draft.id in played.paid or issued.draft.gross.is_zero:
            continue
        amount = issued.draft.gross
        if place == PART_PAID:
            amount = round_minor(amount.amount / 2, amount.currency)
        _pay(here, issued, amount, on=on)
        played.paid.add(issued.draft.id)
        tell(f"bank transfer of {amount} for {issued.number}")


def _pay(here: Session, issued: Issued, amount: Money, *, on: date) -> None:
    draft = issued.draft
    wanted = RecordPayment(
        legal_entity_id=draft.legal_entity_id,
        customer_id=draft.customer_id,
        amount=amount,
        received_on=on,
        bank_reference=f"TRF-{issued.number}",
        remittance=f"Invoice {issued.number}",
        allocations=[NamedAllocation(draft.id, amount)],
    )
    record_payment(here.runtime, here.scope, wanted)


def _sums(gross: dict[str, Money]) -> str:
    return ", ".join(str(amount) for amount in gross.values()) or "nothing due"


def _move_to(here: Session, day: date) -> None:
    """To noon in UTC, when it is that day from Tokyo to New York."""
    move_clock(here.runtime, here.scope, datetime.combine(day, hour(12), tzinfo=UTC))
