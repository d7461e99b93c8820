"""Taxed items: what each item of a document bears, and the tax that is given back with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from usance.domain.customer import Customer
from usance.domain.due_items import DueItem, Source
from usance.domain.fx import Rates
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Money
from usance.domain.rating.rate import RatedLine
from usance.domain.rating.working import Working
from usance.domain.rounding import BY_RATE, TaxRounding
from usance.domain.tax.checks import Standing, TaxIdCheck, standing_of
from usance.domain.tax.credits import TaxedPart, credited_tax
from usance.domain.tax.quotes import TaxQuote, quoted
from usance.domain.tax.rates import TaxTable
from usance.domain.tax.treatment import RESTS_ON_TAX_ID, TaxTreatment


class SourceLine(NamedTuple):
    """A line of which days are given back: how many it billed, what it bore, came to, and gave
    back before, in minor units; `by_hand_minor` of that on credit notes that left its days as they
    were.
    """

    quantity: Decimal
    treatment: TaxTreatment
    net_minor: int
    tax_minor: int
    back_net_minor: int
    back_tax_minor: int
    by_hand_minor: int


Sources = Mapping[Source, SourceLine]
NO_SOURCES: Sources = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who drafts for whom, and by which tax table; or, of a seller who asks a tax service, what it
    answered, by question. `checks` are what registers said of the buyer's VAT ids. `rates` are for
    a seller who states its tax in another currency too; None: nobody looked.
    """

    seller: LegalEntity
    buyer: Customer
    taxes: TaxTable
    quotes: Mapping[str, TaxQuote] = field(default_factory=dict)
    checks: tuple[TaxIdCheck, ...] = ()
    rates: Rates | None = None

    def standing(self, on: date) -> Standing:
        """How far the buyer's VAT ids can be relied on, on that day."""
        return standing_of(self.buyer.eu_vat_ids(), self.checks, on=on)


def as_it_was_billed(item: DueItem, sources: Sources) -> DueItem:
    """What is given back, of as many units as were billed; what was credited by hand is not given
    back once more.
    """
    gone = item.gives_back
    source = None if gone is None else sources.get(gone.piece.source)
    if gone is None or source is None:
        return item
    left = max(0, gone.piece.net_minor - source.by_hand_minor)
    minor = min(gone.net_minor, left) if source.by_hand_minor else gone.net_minor
    return replace(item, quantity=-source.quantity, fixed_minor=-minor)


def taxes_given_back(
    items: Sequence[DueItem], priced: Sequence[RatedLine], sources: Sources
) -> list[tuple[Money, ...] | None]:
    """The tax of each line of a document that only gives back: its share of what its source bore,
    the last part taking the rest. None: by the document's own rate, as wherever something is
    charged too, for a printed total is its base times its rate.
    """
    if not sources:
        return [None] * len(items)
    lines = [
        sources.get(item.gives_back.piece.source) if item.gives_back is not None else None
        for item in items
    ]
    if any(line is None or line.treatment.components for line in lines):
        return [None] * len(items)
    found: list[tuple[Money, ...] | None] = []
    before: dict[Source, tuple[int, int]] = {}
    for item, rated_line, line in zip(items, priced, lines, strict=True):
        assert item.gives_back is not None, "all of them give back"
        assert line is not None, "each has its source"
        source, of = item.gives_back.piece.source, rated_line.net.currency
        net, tax = before.get(source, (line.back_net_minor, line.back_tax_minor))
        credited = credited_tax(
            TaxedPart(Money(line.net_minor, of), Money(line.tax_minor, of)),
            -rated_line.net,
            before=TaxedPart(Money(net, of), Money(tax, of)),
            percent=line.treatment.percent,
        )
        found.append((-credited,))
        before[source] = (net - rated_line.net.minor, tax + credited.minor)
    return found


def treatments_of(
    items: Sequence[DueItem], parties: Parties, sources: Sources
) -> list[TaxTreatment]:
    """Each item's tax at its tax point, the first day of its service period; asked once a kind.

    What is given back bears what it bore. Items that bear alike share one treatment, so that they
    are quickly seen to.
    """
    known: dict[tuple[str, date], TaxTreatment] = {}
    found: list[TaxTreatment] = []
    for item in items:
        if item.gives_back is not None and item.gives_back.piece.source in sources:
            found.append(sources[item.gives_back.piece.source].treatment)
            continue
        asked = (item.tax_code, item.service_period.start)
        if asked not in known:
            bears = quoted(parties.quotes, parties.taxes, parties.seller, parties.buyer, asked)
            known[asked] = found[-1] if found and found[-1] == bears else bears
        found.append(known[asked])
    return found


def tax_working(bears: TaxTreatment, rounding: TaxRounding, standing: Standing) -> Working:
    """Which rule, and what it rests on; what is as always goes without saying."""
    facts: dict[str, Decimal | int | str] = {
        "rule": bears.rule,
        "category": bears.category,
        "percent": bears.percent,
    }
    if rounding != BY_RATE:
        facts["rounding"] = f"{rounding.level} {rounding.mode}"
    if bears.rule in RESTS_ON_TAX_ID:
        facts["taxId"] = standing
    parts = tuple(
        Working(
            "compound_tax" if each.is_compound else "tax_of",
            {"jurisdiction": each.jurisdiction, "percent": each.percent},
        )
        for each in bears.components
    )
    return Working("tax", facts, parts)
