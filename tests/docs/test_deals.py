"""docs/guides/deals.md is what its deals leave behind, and its key figures are right by hand."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import NamedTuple

import pytest

from tests.docs.deals.page import DEALS, DOCUMENT, Page
from usance.store.database import Database

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

INDEX = {year: Fraction(value) for year, value in [(2021, "277.948"), (2022, "297.711")]}
INDEX[2023] = Fraction("307.051")
CAP = Fraction(5, 100)


class Line(NamedTuple):
    """A line of the guide, and what it has to come to before it is rounded."""

    deal: str
    number: str
    name: str
    begins: str
    exact: Fraction


def to_cents(exact: Fraction) -> int:
    """Half a cent away from zero."""
    whole = floor(abs(exact) * 100 + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def uplift(year: int) -> Fraction:
    """By how much prices rise in January of that year."""
    return 1 + min(INDEX[year - 1] / INDEX[year - 2] - 1, CAP)


def seat_price(year: int) -> Fraction:
    """Of a seat a month in the first deal: each uplift is rounded to two places."""
    if year == 2022:
        return Fraction(30)
    return Fraction(to_cents(seat_price(year - 1) * uplift(year)), 100)


def calls(*counts: int) -> Fraction:
    """What so many calls come to in the second deal."""
    return Fraction("0.0020") * sum(counts)


def tiers(count: int) -> Fraction:
    """What a month's calls come to in the fifth."""
    return Fraction("0.0100") * min(count, 100_000) + Fraction("0.0060") * max(count - 100_000, 0)


HALF_NOVEMBER = Fraction(15, 30)
HALF_AUGUST = Fraction(17, 31)
# What stays of the platform and of support in the sixth deal.
KEPT = [24_000 * Fraction(226, 365), 2 * 750 + 250 * (1 + Fraction(14, 31))]

RAMP, COMMIT = "1-ramp-with-index", "2-commit-with-true-up"
EXPANSION, RENEWAL = "3-expansion-co-termed", "4-early-renewal"
LATE, TERMINATION, TWO = "5-late-corrections", "6-termination-with-refund", "7-two-entities"

LINES = [
    Line(RAMP, "HUS-2022-00001", "Seats", "2022-01-01", 100 * 30 * Fraction(12)),
    Line(RAMP, "HUS-2023-00001", "Seats", "2023-01-01", 150 * 12 * seat_price(2023)),
    Line(RAMP, "HUS-2023-00001", "Halden Platform", "2023-01-01", Fraction(12_000)),
    Line(RAMP, "HUS-2024-00001", "Seats", "2024-01-01", 200 * 12 * seat_price(2024)),
    Line(RAMP, "HUS-2024-00001", "Halden Platform", "2024-01-01", 12_000 * uplift(2024)),
    Line(
        COMMIT,
        "HDE-2025-00003",
        "Quarterly minimum",
        "2025-01-01",
        50_000 - calls(6_200_000, 7_100_000, 7_775_000),
    ),
    Line(COMMIT, "HDE-2025-00006", "Quarterly minimum", "2025-04-01", Fraction(0)),
    Line(
        COMMIT,
        "HDE-2025-00009",
        "Quarterly minimum",
        "2025-07-01",
        50_000 - calls(9_100_000, 5_050_500, 9_999_750),
    ),
    Line(
        EXPANSION,
        "HUS-2025-00002",
        "Halden Analytics",
        "2025-11-16",
        6_000 * Fraction(46, 365),
    ),
    Line(EXPANSION, "HUS-2026-00001", "Seats", "2026-01-01", Fraction(125 * 30 * 12)),
    Line(RENEWAL, "HDE-2025-00004", "Seats", "2025-09-01", Fraction(-50 * 29)),
    Line(RENEWAL, "HDE-2025-00005", "Seats", "2025-12-01", 80 * Fraction("26.50") * 3),
    Line(LATE, "HDE-2025-00002", "API calls", "2025-01-01", tiers(115_000) - tiers(90_000)),
    Line(LATE, "HDE-2025-00002", "API calls", "2025-02-01", tiers(130_000)),
    Line(LATE, "HDE-2025-00003", "API calls", "2025-02-01", tiers(120_000) - tiers(130_000)),
    Line(LATE, "HDE-CN-2025-00001", "API calls", "2025-04-01", -tiers(90_000)),
    Line(LATE, "HDE-2025-00005", "API calls", "2025-04-01", tiers(110_000)),
    Line(
        TERMINATION,
        "HDE-CN-2025-00001",
        "Halden Platform",
        "2025-08-15",
        -24_000 * Fraction(139, 365),
    ),
    Line(TERMINATION, "HDE-CN-2025-00001", "Support", "2025-08-15", -250 * (1 + HALF_AUGUST)),
    Line(
        TERMINATION,
        "HDE-CN-2025-00001",
        "Termination fee",
        "2025-08-15",
        (24 * 2_250 - sum(KEPT, Fraction(0))) / 10,
    ),
    Line(TWO, "HDE-2025-00001", "Seats, Hamburg", "2025-01-01", Fraction(40 * 29 * 3)),
    Line(
        TWO,
        "HUS-2025-00001",
        "Region us-east",
        "2025-02-15",
        1_500 * (Fraction(14, 28) + 1),
    ),
]
# What all documents come to in the end, net: by deal and company, what stands of each line. Each is
# rounded once by itself.
STANDS: dict[str, list[list[Fraction]]] = {
    RAMP: [[*(each.exact for each in LINES[:5]), Fraction(12_000)]],
    COMMIT: [[Fraction(3 * 50_000), calls(8_000_000, 8_900_000, 9_400_000)]],
    EXPANSION: [
        [
            Fraction(100 * 30 * 24),
            25 * 30 * (HALF_NOVEMBER + 1 + 12),
            6_000 * Fraction(46, 365),
            Fraction(6_000),
        ]
    ],
    RENEWAL: [[50 * 29 * Fraction(8), 80 * Fraction("26.50") * 24]],
    LATE: [[tiers(each) for each in (115_000, 120_000, 95_000, 110_000, 50_000, 40_000)]],
    TERMINATION: [[*KEPT, (24 * 2_250 - sum(KEPT, Fraction(0))) / 10]],
    TWO: [[Fraction(40 * 29 * 12)], [1_500 * (Fraction(14, 28) + 10)]],
}


@pytest.fixture(scope="module")
def page(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The deals, played once."""
    return Page(database.url, tmp_path_factory.mktemp("deals"))


def test_the_guide_is_what_its_deals_leave_behind(page: Page) -> None:
    """When it is not: make docs."""
    assert page.text() == DOCUMENT.read_text("utf-8")


@pytest.mark.parametrize("said", LINES, ids=lambda said: f"{said.number} {said.name}")
def test_a_line_comes_to_what_it_does_by_hand(page: Page, said: Line) -> None:
    line = page.outcome(said.deal).line(said.number, said.name, said.begins)
    assert line.net.minor == to_cents(said.exact)


@pytest.mark.parametrize("deal", STANDS)
def test_a_deal_comes_to_what_it_does_by_hand(page: Page, deal: str) -> None:
    sums = page.outcome(deal).sums.values()
    by_hand = [sum(map(to_cents, lines)) for lines in STANDS[deal]]
    assert [each.net.minor for each in sums] == by_hand


def test_each_deal_adds_up_down_to_the_bank(page: Page) -> None:
    for deal in STANDS:
        for each in page.outcome(deal).sums.values():
            assert list(each.problems()) == []


def test_every_deal_of_the_examples_is_in_the_guide() -> None:
    assert sorted(STANDS) == sorted(each.name for each in DEALS.iterdir() if each.is_dir())
