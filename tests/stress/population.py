"""Many customers with contracts of every kind; the same to the last id, each time it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

from tests.stories.world import World
from usance.domain.customer import Address, Customer
from usance.domain.ids import CustomerId, InvoiceId
from usance.flows.run_billing import run_billing
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer
from usance.store.invoice_rows import StoredInvoice

CUSTOMERS = 24
BATCH = 3
FIRST_DAY = date(2025, 1, 1)
LAST_DAY = date(2025, 2, 14)
SOME_INSTANT = datetime(2025, 1, 1, tzinfo=UTC)
SIGNED_AT = datetime(2025, 2, 15, tzinfo=UTC)  # when all of January's usage had arrived
DEALS = [
    """
    12 months from 2025-01-01, as c{n}, by b{n}
    Platform 1,200.00 USD, monthly in advance
    API calls at 0.0150 USD, used monthly
    """,
    """
    24 months from 2025-01-03, as c{n}, by b{n}, approved under 500.00
    7 Seats at 13.90 EUR, monthly in advance
    Setup 250.00 EUR on 2025-01-20, on its own invoice
    """,
    """
    6 months from 2025-01-15, as c{n}, by b{n}, PO PO-{n}
    Platform 98,000 JPY, monthly in advance
    Acceptance 400,001 JPY when reached on 2025-02-14
    """,
    """
    12 months from 2025-01-01, as c{n}, by b{n}, usage held 3 days
    API calls at 0.02 USD, used monthly
    Support 99.99 USD, monthly in arrears
    """,
]


def populate(runtime: Runtime, scope: Scope) -> Scope:
    """Signed contracts and January's usage; nothing is billed yet."""
    settled = replace(runtime, clock=lambda: SIGNED_AT, new_id=_counting())
    world = World(settled, scope).open_now()
    for number in range(CUSTOMERS):
        buyer = Customer(
            id=CustomerId(f"b{number}"), name=f"Buyer {number}", address=Address(country="DE")
        )
        save_customer(world.runtime, scope, buyer)
        world.sign(DEALS[number % len(DEALS)].format(n=number))
        if number % 4 == 0:  # a second contract, whose fees share the first one's invoice
            second = DEALS[3].replace("as c{n}", "as d{n}").replace(", usage held 3 days", "")
            world.sign(second.format(n=number))
        world.usage(f"2025-01-{number % 31 + 1:02d}", 100 + number, by=buyer.id)
    return scope


def bill_each_day(runtime: Runtime, scope: Scope) -> None:
    """What a clean month and a half is: one run a day, nobody else about."""
    for ordinal in range(FIRST_DAY.toordinal(), LAST_DAY.toordinal() + 1):
        run_billing(runtime, scope, through=date.fromordinal(ordinal))


def documents(runtime: Runtime, scope: Scope) -> list[StoredInvoice]:
    """Every document, in one order, without its id and the instants of its making."""
    found = [_timeless(stored) for stored in World(runtime, scope).every()]
    return sorted(
        found,
        key=lambda each: (
            each.draft.customer_id,
            each.draft.bill_on,
            each.draft.grouping.key,
            [line.line_id for line in each.draft.lines],
        ),
    )


def announced(runtime: Runtime, scope: Scope) -> None:
    """Every document was announced once, and nothing else was."""
    world = World(runtime, scope)
    drafted = [subject for kind, subject in world.facts() if kind == "InvoiceDrafted"]
    assert sorted(drafted) == sorted(stored.id for stored in world.every())


def _timeless(stored: StoredInvoice) -> StoredInvoice:
    return replace(
        stored,
        draft=replace(stored.draft, id=InvoiceId("")),
        created_at=SOME_INSTANT,
        approved_at=None if stored.approved_at is None else SOME_INSTANT,
    )


def _counting() -> Callable[[str], str]:
    """Ids that are the same in every population."""
    counts: Counter[str] = Counter()

    def new_id(prefix: str) -> str:
        counts[prefix] += 1
        return f"{prefix}_{counts[prefix]:06d}"

    return new_id
