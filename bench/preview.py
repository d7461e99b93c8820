"""Preview: all invoices of a contract of 60 lines over 36 months, against its rating alone.

Of the lines 20 are ramps of three steps, 16 the same throughout, 20 metered at graduated prices,
every other of those through the term; and 4 are commitments that ten metered lines each count
toward, trued up by the quarter or by the year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from bench.deal import (
    BUYER,
    CALLS,
    EUR,
    FEE,
    QUARTERLY,
    SEATS,
    SELLER,
    TAXES,
    TERM,
    YEARLY,
    commitment,
    contract,
    line,
    ramp,
    through_the_term,
)
from bench.figure import Figure, at_most, best
from usance.domain.contracts.contract import Contract, ContractLine
from usance.domain.contracts.owed import due
from usance.domain.due_items import DueItem, LineKind
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.drafting import drafts
from usance.domain.invoicing.history import History
from usance.domain.invoicing.rated_items import UsageBySlice
from usance.domain.invoicing.taxed_items import Parties
from usance.domain.metering.totals import UsageTotal
from usance.domain.rating.notation import pricing_from
from usance.domain.rating.rate import RatedLine, rate_line

GOAL = 8
PARTIES = Parties(seller=SELLER, buyer=BUYER, taxes=TAXES)
USED = UsageTotal(Decimal("23456"), 31, datetime(2025, 1, 31, tzinfo=UTC))
MINIMUM = pricing_from({"model": "FLAT", "amount": "12000.00"})
SLICES = 56 * 36 + 2 * 12 + 2 * 3  # a month of each line, and the periods of the commitments


def run() -> Iterator[Figure]:
    """At most GOAL times its pure rating calls."""
    deal = _deal()
    items = due(deal, through=TERM.end).items
    usage = {item.key: USED for item in items if item.is_usage}

    def preview() -> None:
        made = drafts(
            due(deal, through=TERM.end).items,
            parties=PARTIES,
            currency=EUR,
            usage=usage,
            history=History(),
            new_id=lambda: InvoiceId("inv_bench"),
        )
        assert sum(len(draft.lines) for draft in made) == SLICES, "a slice a line and period"

    calls = [_call(item, usage) for item in items]

    def rating() -> None:
        for call in calls:
            call()

    yield at_most(
        "preview",
        value=best(preview) * 1e3,
        limit=best(rating) * 1e3,
        goal=GOAL,
        unit="ms",
        note="60 lines over 36 months / its rating calls alone",
    )


def _deal() -> Contract:
    metered = [line(f"calls-{index}", LineKind.USAGE, CALLS) for index in range(20)]
    metered[::2] = map(through_the_term, metered[::2])
    refs = [each.sold.ref for each in metered]
    lines: list[ContractLine] = [ramp(f"ramp-{index}", SEATS, 25, 40, 60) for index in range(20)]
    lines += [line(f"fee-{index}", LineKind.RECURRING, FEE) for index in range(16)]
    lines += metered
    for half, covered in enumerate((refs[:10], refs[10:])):
        lines.append(commitment(f"quarter-{half}", QUARTERLY, MINIMUM, tuple(covered)))
        lines.append(commitment(f"year-{half}", YEARLY, MINIMUM, tuple(covered)))
    return contract(tuple(lines))


def _call(item: DueItem, usage: UsageBySlice) -> Callable[[], RatedLine]:
    """The one rating call that an item cannot do without."""
    is_usage = item.quantity is None
    return partial(
        rate_line,
        item.pricing,
        usage[item.key].quantity if item.quantity is None else item.quantity,
        currency=EUR,
        share=item.share,
        already=sum((usage[each.key].quantity for each in item.before), Decimal(0)),
        is_measured=is_usage,
    )
