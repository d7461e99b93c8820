"""A contract that changes hands: who was charged is given back, and who buys now is charged."""

from __future__ import annotations

from tests.stories.test_terms_to_come import CALLS, CONTRACT, until
from tests.stories.world import World

SEATS = """lineId: seats
  name: Seats
  kind: RECURRING
  quantity: 10
  price: {model: PER_UNIT, unitAmount: "30.00"}
  billing: {every: {unit: %s}}"""
PLAN = """lineId: project
  name: Project
  kind: RECURRING
  price: {model: FLAT, amount: "1200.00"}
  plan: [{on: 2025-01-01, percent: 50}, {on: 2025-03-01, percent: 25}, {on: 2025-07-01}]"""


def order(kind: str, text: str, *, currency: str = "EUR", ref: str = "LATER") -> str:
    """An order after the first."""
    return f"currency: {currency}\nkind: {kind}\ncontractId: c1\norderId: {ref}\n{text}"


def assigned(world: World, day: str, more: str = "") -> None:
    """The Dutch buyer, who owes no German tax, takes the contract over on that day."""
    world.sign(order("AMENDMENT", f"effectiveOn: {day}\nassignTo: waterweg\n{more}"))


def documents(world: World) -> list[str]:
    """To whom, by whom, which days, net and tax of each line that stands."""
    return sorted(
        f"{stored.draft.bill_on} {stored.draft.legal_entity_id} {stored.draft.customer_id} "
        f"{line.service_period.start}..{line.service_period.end} {line.net.text} {line.tax.text}"
        for stored in world.every("DRAFT", "APPROVED", "ISSUED")
        for line in stored.draft.lines
    )


def test_who_was_charged_is_given_back_with_the_tax_it_paid(world: World) -> None:
    world.sign(CONTRACT % ("EUR", "nordlicht", 12, SEATS % "QUARTER"))
    until(world, "2025-01-02")
    more = "changes: [{lineId: seats, from: 2025-03-01, quantity: 12}]"
    assigned(world, "2025-02-15", more)
    until(world, "2025-03-02")
    assert documents(world) == [
        "2025-01-01 halden-de nordlicht 2025-01-01..2025-04-01 300.00 57.00",
        "2025-03-01 halden-de nordlicht 2025-03-01..2025-04-01 -103.33 -19.63",
        "2025-03-01 halden-de waterweg 2025-03-01..2025-04-01 124.00 0.00",
    ]
    until(world, "2025-03-03")
    assert len(documents(world)) == 3


def test_an_assignment_entered_late_comes_to_what_one_in_time_does(world: World) -> None:
    world.sign(CONTRACT % ("EUR", "nordlicht", 12, SEATS % "MONTH"))
    for day in ("2025-01-02", "2025-02-02", "2025-03-02"):
        until(world, day)
    assigned(world, "2025-02-01")
    until(world, "2025-04-02")
    assert documents(world) == [
        "2025-01-01 halden-de nordlicht 2025-01-01..2025-02-01 300.00 57.00",
        "2025-02-01 halden-de nordlicht 2025-02-01..2025-03-01 -300.00 -57.00",
        "2025-02-01 halden-de nordlicht 2025-02-01..2025-03-01 300.00 57.00",
        "2025-02-01 halden-de waterweg 2025-02-01..2025-03-01 300.00 0.00",
        "2025-03-01 halden-de nordlicht 2025-03-01..2025-04-01 -300.00 -57.00",
        "2025-03-01 halden-de nordlicht 2025-03-01..2025-04-01 300.00 57.00",
        "2025-03-01 halden-de waterweg 2025-03-01..2025-04-01 300.00 0.00",
        "2025-04-01 halden-de waterweg 2025-04-01..2025-05-01 300.00 0.00",
    ]


def test_an_assignment_of_the_whole_contract_entered_late_bills_all_of_it_again(
    world: World,
) -> None:
    world.sign(CONTRACT % ("EUR", "nordlicht", 12, SEATS % "MONTH"))
    until(world, "2025-01-02")
    assigned(world, "2025-01-01")
    until(world, "2025-02-02")
    assert documents(world) == [
        "2025-01-01 halden-de nordlicht 2025-01-01..2025-02-01 -300.00 -57.00",
        "2025-01-01 halden-de nordlicht 2025-01-01..2025-02-01 300.00 57.00",
        "2025-01-01 halden-de waterweg 2025-01-01..2025-02-01 300.00 0.00",
        "2025-02-01 halden-de waterweg 2025-02-01..2025-03-01 300.00 0.00",
    ]


def test_an_assignment_taken_back_on_its_day_bills_again_who_had_it_before(world: World) -> None:
    world.sign(CONTRACT % ("EUR", "nordlicht", 12, SEATS % "MONTH"))
    until(world, "2025-01-02")
    assigned(world, "2025-02-01")
    until(world, "2025-02-02")
    world.sign(order("AMENDMENT", "effectiveOn: 2025-02-01\nassignTo: nordlicht", ref="THEN"))
    until(world, "2025-03-02")
    assert documents(world) == [
        "2025-01-01 halden-de nordlicht 2025-01-01..2025-02-01 300.00 57.00",
        "2025-02-01 halden-de nordlicht 2025-02-01..2025-03-01 300.00 57.00",
        "2025-02-01 halden-de waterweg 2025-02-01..2025-03-01 -300.00 0.00",
        "2025-02-01 halden-de waterweg 2025-02-01..2025-03-01 300.00 0.00",
        "2025-03-01 halden-de nordlicht 2025-03-01..2025-04-01 300.00 57.00",
    ]


def test_instalments_are_owed_by_who_buys_on_their_day(world: World) -> None:
    world.sign(CONTRACT % ("EUR", "nordlicht", 12, PLAN))
    until(world, "2025-03-02")
    assigned(world, "2025-03-01")
    until(world, "2025-07-02")
    year = "2025-01-01..2026-01-01"
    assert documents(world) == [
        f"2025-01-01 halden-de nordlicht {year} 600.00 114.00",
        f"2025-03-01 halden-de nordlicht {year} 300.00 57.00",
        "2025-03-01 halden-de nordlicht 2025-03-01..2025-03-02 -300.00 -57.00",
        f"2025-03-01 halden-de waterweg {year} 300.00 0.00",
        f"2025-07-01 halden-de waterweg {year} 300.00 0.00",
    ]


def test_an_early_renewal_by_another_company_of_ours_gives_back_as_the_one_that_charged(
    world: World,
) -> None:
    world.sign(CONTRACT % ("USD", "larkspur", 12, SEATS % "YEAR"))
    until(world, "2025-01-02")
    world.sign(
        order(
            "RENEWAL",
            "term: {start: 2025-07-01, months: 12}\nearly: true\nnewLegalEntityId: halden-us",
            currency="USD",
        )
    )
    until(world, "2025-07-02")
    assert documents(world) == [
        "2025-01-01 halden-de larkspur 2025-01-01..2026-01-01 300.00 0.00",
        "2025-07-01 halden-de larkspur 2025-07-01..2026-01-01 -151.23 0.00",
        "2025-07-01 halden-us larkspur 2025-07-01..2026-07-01 300.00 0.00",
    ]


def test_usage_before_an_assignment_still_counts_in_its_tiers_and_its_minimum(world: World) -> None:
    tiers = 'tiers: [{upTo: "1000", unitAmount: "0.10"}, {upTo: null, unitAmount: "0.01"}]'
    priced = CALLS.replace(
        'price: {model: PER_UNIT, unitAmount: "0.01"}',
        f"price: {{model: GRADUATED, {tiers}}}\n  tierScope: TERM",
    )
    minimum = (
        '\n- {lineId: minimum, name: Minimum, kind: COMMITMENT, amount: "150.00",'
        "\n   billing: {every: {unit: QUARTER}}}"
    )
    world.sign(CONTRACT % ("EUR", "nordlicht", 12, priced + minimum))
    world.on("2025-01-20").usage("2025-01-10", 1000)
    until(world, "2025-02-02")
    assigned(world, "2025-02-01")
    world.on("2025-02-20").usage("2025-02-10", 500, by="waterweg")
    until(world, "2025-04-02")
    assert documents(world) == [
        "2025-02-01 halden-de nordlicht 2025-01-01..2025-02-01 100.00 19.00",
        "2025-03-01 halden-de waterweg 2025-02-01..2025-03-01 5.00 0.00",
        "2025-04-01 halden-de nordlicht 2025-01-01..2025-04-01 45.00 8.55",
        "2025-04-01 halden-de waterweg 2025-03-01..2025-04-01 0.00 0.00",
    ]
