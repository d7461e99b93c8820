"""What a signed contract is invoiced, period by period."""

from __future__ import annotations

from tests.stories.world import World


def test_a_two_year_deal_with_a_ramp_is_billed_yearly_in_advance(world: World) -> None:
    world.sign("""
        24 months from 2025-01-01, PO PO-7, net 30
        Platform 12,000.00 then 14,400.00 USD, yearly in advance
        20 Seats at 30.00 USD a month, yearly in advance
    """)
    world.send_out()
    assert world.on("2025-12-31").bill().draft_count == 0
    assert world.on("2026-01-01").bill().draft_count == 1
    assert world.on("2027-01-01").bill().draft_count == 0
    assert world.invoices() == [
        "2025-01-01  Platform  2025-01-01..2026-01-01  12,000.00 USD",
        "2025-01-01  Seats  2025-01-01..2026-01-01  7,200.00 USD",
        "2026-01-01  Platform  2026-01-01..2027-01-01  14,400.00 USD",
        "2026-01-01  Seats  2026-01-01..2027-01-01  7,200.00 USD",
    ]
    assert world.documents() == [
        "HUS-2025-00001  OVERDUE  Platform + Seats  19200.00 USD",
        "-  DRAFT  Platform + Seats  21600.00 USD",
    ]
    assert world.books() == {
        "receivable": "19200.00 USD",
        "contract_liability": "-19200.00 USD",
    }


def test_a_ramp_that_steps_inside_a_period_makes_two_lines_that_share_its_days(
    world: World,
) -> None:
    world.sign("""
        currency: EUR
        customerId: nordlicht
        legalEntityId: halden-de
        term: {start: 2025-01-01, months: 3}
        lines:
          - lineId: seats
            name: Seats
            kind: RECURRING
            price: {model: PER_UNIT, unitAmount: "31.00"}
            billing: {every: {unit: MONTH}}
            ramp:
              - {start: 2025-01-01, end: 2025-01-11, quantity: 10}
              - {start: 2025-01-11, end: 2025-04-01, quantity: 20}
    """)
    world.on("2025-03-01").bill()
    assert world.invoices() == [
        "2025-01-01  Seats  2025-01-01..2025-01-11  100.00 EUR",
        "2025-01-01  Seats  2025-01-11..2025-02-01  420.00 EUR",
        "2025-02-01  Seats  2025-02-01..2025-03-01  620.00 EUR",
        "2025-03-01  Seats  2025-03-01..2025-04-01  620.00 EUR",
    ]


def test_seats_go_out_in_advance_with_the_usage_of_the_month_before(world: World) -> None:
    world.sign("""
        3 months from 2025-01-01
        API calls at 0.0050 EUR, used monthly
        25 Seats at 29.00 EUR, monthly in advance
    """)
    world.bill()
    world.on("2025-01-20").usage("2025-01-20", 12_345)
    world.on("2025-02-01").usage("2025-01-31", 655)
    world.bill()
    world.on("2025-04-01").bill()
    assert world.invoices() == [
        "2025-01-01  Seats  2025-01-01..2025-02-01  725.00 EUR",
        "2025-02-01  API calls  2025-01-01..2025-02-01  65.00 EUR",
        "2025-02-01  Seats  2025-02-01..2025-03-01  725.00 EUR",
        "2025-03-01  API calls  2025-02-01..2025-03-01  0.00 EUR",
        "2025-03-01  Seats  2025-03-01..2025-04-01  725.00 EUR",
        "2025-04-01  API calls  2025-03-01..2025-04-01  0.00 EUR",
    ]
    january = world.every()[1].draft
    assert (january.net.text, january.tax.text, january.gross.text) == (
        "790.00",
        "150.10",
        "940.10",
    )
    empty = world.every()[2].draft
    assert "UsageMissing" in {finding.code for finding in empty.findings}


def test_usage_belongs_to_the_month_it_is_in_where_the_seller_is(world: World) -> None:
    world.sign("""
        2 months from 2025-01-01
        API calls at 1.00 EUR, used monthly
    """)
    world.on("2025-02-02")
    world.usage("2025-01-31T22:59:59+00:00", 1)  # 23:59:59 in Berlin
    world.usage("2025-01-31T23:00:00+00:00", 10)  # midnight: February
    world.usage("2024-12-31T22:59:59+00:00", 100)  # before the contract
    world.on("2025-03-01").bill()
    assert world.invoices() == [
        "2025-02-01  API calls  2025-01-01..2025-02-01  1.00 EUR",
        "2025-03-01  API calls  2025-02-01..2025-03-01  10.00 EUR",
    ]


def test_held_usage_waits_for_late_events(world: World) -> None:
    world.sign("""
        1 months from 2025-01-01, usage held 5 days
        API calls at 1.00 EUR, used monthly
    """)
    assert world.on("2025-02-05").bill().draft_count == 0
    world.usage("2025-01-31", 7)
    world.on("2025-02-06").bill()
    assert world.invoices() == ["2025-02-06  API calls  2025-01-01..2025-02-01  7.00 EUR"]


def test_yen_know_no_fractions(world: World) -> None:
    world.sign("""
        12 months from 2025-04-01, PO PO-2025
        Setup 1,200,000 JPY on 2025-04-01
        Acceptance 800,000 JPY when reached on 2025-06-16
        Platform 150,001 JPY a month, quarterly in advance
    """)
    world.on("2025-04-01").send_out()
    world.on("2025-06-16").send_out()
    assert world.documents() == [
        "HJP-2025-00001  OVERDUE  Setup + Platform  1815003 JPY",
        "HJP-2025-00002  OPEN  Acceptance  880000 JPY",
    ]
    assert world.invoices() == [
        "2025-04-01  Setup  2025-04-01..2025-04-02  1,200,000 JPY",
        "2025-04-01  Platform  2025-04-01..2025-07-01  450,003 JPY",
        "2025-06-16  Acceptance  2025-06-16..2025-06-17  800,000 JPY",
    ]
    first = world.every()[0].draft
    assert (first.tax.text, first.gross.text) == ("165000", "1815003")


def test_a_contract_of_the_31st_bills_on_the_last_day_of_short_months(world: World) -> None:
    world.on("2025-01-31").sign("""
        4 months from 2025-01-31
        Platform 100.00 USD, monthly in advance
    """)
    world.on("2025-06-30").bill()
    assert [line[:10] for line in world.invoices()] == [
        "2025-01-31",
        "2025-02-28",
        "2025-03-31",
        "2025-04-30",
    ]


def test_each_company_bills_on_its_own_day(world: World) -> None:
    for code in ("USD", "EUR", "JPY"):
        world.sign(f"""
            12 months from 2025-02-01
            Platform 1,000 {code}, monthly in advance
        """)
    assert world.at("2025-01-31T14:59:59+00:00").bill().draft_count == 0
    for instant, code in (("15:00", "JPY"), ("23:00", "EUR")):
        run = world.at(f"2025-01-31T{instant}:00+00:00").bill()
        assert list(run.gross) == [code]
    run = world.at("2025-02-01T07:59:59+00:00").bill()
    assert run.draft_count == 0
    assert {str(day) for day in run.through.values()} == {"2025-01-31", "2025-02-01"}
    assert list(world.at("2025-02-01T08:00:00+00:00").bill().gross) == ["USD"]


def test_a_contract_signed_late_is_billed_for_all_it_missed_each_period_by_itself(
    world: World,
) -> None:
    world.on("2025-03-15").sign("""
        12 months from 2025-01-01
        Platform 100.00 USD, monthly in advance
    """)
    world.bill()
    assert world.invoices() == [
        "2025-01-01  Platform  2025-01-01..2025-02-01  100.00 USD",
        "2025-02-01  Platform  2025-02-01..2025-03-01  100.00 USD",
        "2025-03-01  Platform  2025-03-01..2025-04-01  100.00 USD",
    ]


def test_a_dutch_company_owes_the_tax_of_a_german_invoice_itself(
    world: World,
) -> None:
    world.sign("""
        1 months from 2025-01-01, by waterweg
        Platform 100.00 EUR, monthly in advance
    """)
    world.bill()
    draft = world.one().draft
    assert draft.tax.is_zero
    assert draft.lines[0].treatment.category.value == "AE"
    assert "TaxIdUnverified" in {finding.code for finding in draft.findings}


def test_a_minimum_that_steps_within_its_quarter_is_one_minimum_for_the_quarter(
    world: World,
) -> None:
    world.sign(
        """
        currency: EUR
        customerId: nordlicht
        legalEntityId: halden-de
        orderId: STEP
        contractId: c1
        term: {start: 2025-01-01, months: 6}
        lines:
        - lineId: calls
          name: API calls
          kind: USAGE
          featureId: api-calls
          price: {model: PER_UNIT, unitAmount: "0.01"}
          billing: {every: {unit: MONTH}}
        - lineId: minimum
          name: Minimum
          kind: COMMITMENT
          billing: {every: {unit: QUARTER}}
          ramp:
          - {start: 2025-01-01, end: 2025-02-15, amount: "90.00"}
          - {start: 2025-02-15, amount: "180.00"}
        """
    )
    for month in ("01", "02", "03"):
        world.on(f"2025-{month}-20").usage(f"2025-{month}-10", 3000)
    world.on("2025-04-01").send_out()
    # 90.00 x 45/90 + 180.00 x 45/90 = 135.00 agreed, 3 x 30.00 = 90.00 used
    assert [line for line in world.invoices() if "Minimum" in line] == [
        "2025-04-01  Minimum  2025-01-01..2025-02-15  0.00 EUR",
        "2025-04-01  Minimum  2025-02-15..2025-04-01  45.00 EUR",
    ]
