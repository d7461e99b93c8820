"""Items: what an item's amount rests on beside its own slice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.domain.deals import FAR, FREE, MONTHLY, order, signed
from usance.domain.calendar import Period
from usance.domain.contracts.order import OrderLine, Segment, Timing
from usance.domain.contracts.owed import due
from usance.domain.due_items import LineKind
from usance.domain.ids import FeatureId
from usance.domain.rating.prices import Flat, PerUnit, Pricing

FIVE_YEARS = Period(date(2025, 1, 1), date(2030, 1, 1))


def line(ref: str, kind: LineKind, pricing: Pricing = FREE) -> OrderLine:
    """A line of five years, by the month."""
    is_usage = kind is LineKind.USAGE
    is_late = is_usage or kind is LineKind.COMMITMENT
    return OrderLine(
        ref=ref,
        name=ref,
        kind=kind,
        window=FIVE_YEARS,
        segments=(Segment(FIVE_YEARS, pricing, Decimal(not is_usage)),),
        cadence=MONTHLY,
        timing=Timing.IN_ARREARS if is_late else Timing.IN_ADVANCE,
        anchor=FIVE_YEARS.start,
        feature_id=FeatureId("calls") if is_usage else None,
    )


def test_usage_names_what_drew_from_its_fund_before_it_once_however_long_the_contract_is() -> None:
    """One that named what drew before those in turn would double with each of the sixty months."""
    prepaid = line("l1", LineKind.PREPAID, Pricing(price=Flat(Decimal(100))))
    usage = line("l2", LineKind.USAGE, Pricing(price=PerUnit(Decimal("0.01"))))
    items = due(signed(order(FIVE_YEARS, [prepaid, usage])), through=FAR).items
    metered = [item for item in items if item.is_usage]
    for number, item in enumerate(metered):
        assert [each.key for each in item.drawn_by] == [each.key for each in metered[:number]]
        assert not any(each.drawn_by for each in item.drawn_by)
        assert len(item.funds) == number + 1


def test_a_commitment_covers_the_usage_of_its_own_period() -> None:
    committed = line("l1", LineKind.COMMITMENT, Pricing(price=Flat(Decimal(500))))
    lines = [committed, line("l2", LineKind.USAGE), line("l3", LineKind.USAGE)]
    items = due(signed(order(FIVE_YEARS, lines)), through=FAR).items
    tops_up = [item for item in items if item.kind is LineKind.COMMITMENT]
    assert len(tops_up) == 60
    for item in tops_up:
        covered = [(each.line_ref, each.service_period) for each in item.covered]
        assert covered == [("l2", item.service_period), ("l3", item.service_period)]
