"""Contracts over their life: what was issued stays, and the next documents bring the difference."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.stories.world import World
from usance.domain.errors import Invalid
from usance.domain.ids import ContractId, CustomerId
from usance.domain.invoicing.issuing import DraftHasErrors
from usance.flows.approve_invoice import approve_invoice
from usance.flows.import_index import import_index
from usance.flows.mark_milestone import MilestoneReachedBefore, mark_milestone
from usance.flows.plays.daily_work import do_daily_work
from usance.flows.plays.pass_time import pass_time
from usance.flows.plays.rehearse import simulate_contract, what_if
from usance.flows.preview_billing import preview_contract
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.settle_late_usage import settle_late_usage
from usance.flows.update_contract import update_contract
from usance.store import contracts
from usance.store.tenants import ClockMovesForwardOnly

SEATS = """
currency: EUR
customerId: nordlicht
legalEntityId: halden-de
orderId: SEATS
contractId: c1
term: {start: 2025-01-01, months: 12}
%s
lines:
- lineId: seats
  name: Seats
  kind: RECURRING
  quantity: 10
  price: {model: PER_UNIT, unitAmount: "30.00"}
  billing: {every: {count: 1, unit: %s}, timing: IN_ADVANCE}
"""


def amendment(text: str, *, kind: str = "AMENDMENT") -> str:
    """An order after the first, on the contract of the seats."""
    return f"currency: EUR\nkind: {kind}\ncontractId: c1\n{text}"


def yearly(world: World, extra: str = "") -> ContractId:
    """The contract of ten seats, billed for the year in advance."""
    return world.sign(SEATS % (extra, "YEAR"))


def monthly(world: World, extra: str = "") -> ContractId:
    """The contract of ten seats, billed each month in advance."""
    return world.sign(SEATS % (extra, "MONTH"))


def nets(world: World) -> list[str]:
    """Each line that stands: the day, the document, its days, its amount before tax."""
    return [
        f"{stored.draft.bill_on} {stored.draft.type[0]} "
        f"{line.service_period.start}..{line.service_period.end} {line.net.text}"
        for stored in world.every("DRAFT", "APPROVED", "ISSUED")
        for line in stored.draft.lines
    ]


def test_more_seats_in_the_middle_of_a_billed_month_are_charged_by_the_day(world: World) -> None:
    monthly(world)
    world.on("2025-01-02").send_out()
    world.sign(
        amendment("orderId: A1\neffectiveOn: 2025-01-16\nchanges: [{lineId: seats, quantity: 12}]")
    )
    world.on("2025-01-16").bill()
    # 10 x 30 x 16/31 = 154.84 back, 12 x 30 x 16/31 = 185.81 charged
    assert nets(world) == [
        "2025-01-01 I 2025-01-01..2025-02-01 300.00",
        "2025-01-16 I 2025-01-16..2025-02-01 -154.84",
        "2025-01-16 I 2025-01-16..2025-02-01 185.81",
    ]
    world.bill()
    assert len(nets(world)) == 3, "a second run finds nothing"


def test_a_held_draft_is_made_anew_instead(world: World) -> None:
    monthly(world)
    world.on("2025-01-02").bill()
    world.sign(
        amendment("orderId: A1\neffectiveOn: 2025-01-16\nchanges: [{lineId: seats, quantity: 12}]")
    )
    world.bill()
    assert nets(world) == [
        "2025-01-01 I 2025-01-01..2025-01-16 145.16",
        "2025-01-01 I 2025-01-16..2025-02-01 185.81",
    ]


def test_fewer_seats_come_off_the_next_invoice(world: World) -> None:
    monthly(world)
    world.on("2025-01-02").send_out()
    world.sign(
        amendment("orderId: A1\neffectiveOn: 2025-01-16\nchanges: [{lineId: seats, quantity: 5}]")
    )
    world.on("2025-01-20").bill()
    assert len(nets(world)) == 1, "what comes to less than nothing waits"
    world.on("2025-02-01").bill()
    assert nets(world)[1:] == [
        "2025-02-01 I 2025-01-16..2025-02-01 -154.84",
        "2025-02-01 I 2025-01-16..2025-02-01 77.42",
        "2025-02-01 I 2025-02-01..2025-03-01 150.00",
    ]


def test_or_are_credited_at_once_where_the_contract_says_so(world: World) -> None:
    monthly(world, "corrections: CREDIT_NOTE")
    world.on("2025-01-02").send_out()
    world.sign(
        amendment("orderId: A1\neffectiveOn: 2025-01-16\nchanges: [{lineId: seats, quantity: 5}]")
    )
    world.on("2025-01-20").send_out()
    assert nets(world)[1:] == [
        "2025-01-16 C 2025-01-16..2025-02-01 -154.84",
        "2025-01-16 C 2025-01-16..2025-02-01 77.42",
    ]
    assert world.every("ISSUED")[1].number == "HALDEN-DE-CN-2025-0001" or world.every("ISSUED")


def test_doubling_and_halving_the_same_day_bills_nothing(world: World) -> None:
    monthly(world)
    world.on("2025-01-02").send_out()
    for sequence, quantity in ((1, 20), (2, 10)):
        world.sign(
            amendment(
                f"orderId: A{sequence}\nsequence: {sequence}\neffectiveOn: 2025-01-16\n"
                f"changes: [{{lineId: seats, quantity: {quantity}}}]"
            )
        )
    world.on("2025-01-20").bill()
    assert len(nets(world)) == 1


def test_a_termination_with_refund_gives_back_the_rest_with_its_tax(world: World) -> None:
    yearly(world)
    world.on("2025-01-02").send_out()
    world.sign(
        amendment("orderId: T1\neffectiveOn: 2025-07-01\nrefund: PRO_RATA", kind="TERMINATION")
    )
    world.on("2025-07-01").send_out()
    invoice, credit = world.every("ISSUED")
    # 300.00 a year for ten seats... 30.00 x 10 x 184/365 = 151.23
    assert nets(world)[1] == "2025-07-01 C 2025-07-01..2026-01-01 -151.23"
    assert credit.draft.lines[0].source == (invoice.draft.id, 1)
    assert credit.draft.tax.text == "-28.73"
    world.on("2026-02-01").bill()
    assert len(nets(world)) == 2


def test_voiding_the_credit_makes_its_days_stand_again(world: World) -> None:
    yearly(world)
    world.on("2025-01-02").send_out()
    world.sign(
        amendment("orderId: T1\neffectiveOn: 2025-07-01\nrefund: PRO_RATA", kind="TERMINATION")
    )
    world.on("2025-07-01").bill()
    world.void(world.one("DRAFT").id)
    assert len(nets(world)) == 1
    world.bill()
    assert nets(world)[1] == "2025-07-01 C 2025-07-01..2026-01-01 -151.23"


def test_without_refund_the_period_begun_is_due_in_full(world: World) -> None:
    yearly(world)
    world.on("2025-01-02").send_out()
    world.sign(
        amendment("orderId: T1\neffectiveOn: 2025-07-01\nfee: {amount: 50}", kind="TERMINATION")
    )
    world.on("2025-07-01").bill()
    assert nets(world)[1:] == ["2025-07-01 I 2025-07-01..2025-07-02 50.00"]


def test_an_early_renewal_gives_back_what_is_left_of_the_old_term(world: World) -> None:
    yearly(world)
    world.on("2025-01-02").send_out()
    world.sign(
        amendment(
            "orderId: R1\nterm: {start: 2025-07-01, months: 12}\nearly: true\n"
            "changes: [{lineId: seats, price: {model: PER_UNIT, unitAmount: 33}}]",
            kind="RENEWAL",
        )
    )
    world.on("2025-07-01").bill()
    assert nets(world)[1:] == [
        "2025-07-01 I 2025-07-01..2026-01-01 -151.23",
        "2025-07-01 I 2025-07-01..2026-07-01 330.00",
    ]


def test_a_renewal_that_overlaps_the_term_is_refused(world: World) -> None:
    yearly(world)
    with pytest.raises(Invalid) as refused:
        world.order(amendment("orderId: R1\nterm: {start: 2025-07-01, months: 12}", kind="RENEWAL"))
    assert refused.value.problems[0].code == "RenewalOverlapsTerm"
    assert refused.value.problems[0].path == "term.start"


@pytest.mark.parametrize("day", ["2024-12-31", "2026-01-01"])
def test_an_amendment_outside_the_term_is_refused(world: World, day: str) -> None:
    yearly(world)
    with pytest.raises(Invalid) as refused:
        world.order(
            amendment(f"orderId: A1\neffectiveOn: {day}\nchanges: [{{lineId: seats, quantity: 5}}]")
        )
    assert refused.value.problems[0].code == "EffectiveOutsideTerm"


def test_an_amendment_of_a_terminated_contract_is_refused(world: World) -> None:
    yearly(world)
    world.sign(amendment("orderId: T1\neffectiveOn: 2025-07-01", kind="TERMINATION"))
    with pytest.raises(Invalid) as refused:
        world.order(
            amendment(
                "orderId: A1\neffectiveOn: 2025-08-01\nchanges: [{lineId: seats, quantity: 5}]"
            )
        )
    assert refused.value.problems[0].code == "ContractTerminated"


def test_a_contract_renews_itself_with_its_uplift_unless_notice_was_given(world: World) -> None:
    yearly(world, "renewal: {automatic: true, months: 12, noticeDays: 60, uplift: {percent: 10}}")
    pass_time(world.runtime, world.scope, to=datetime(2027, 3, 1, 12, tzinfo=UTC))
    assert nets(world) == [
        "2025-01-01 I 2025-01-01..2026-01-01 300.00",
        "2026-01-01 I 2026-01-01..2027-01-01 330.00",
        "2027-01-01 I 2027-01-01..2028-01-01 363.00",
    ]


def test_a_termination_at_the_end_of_the_term_is_notice(world: World) -> None:
    yearly(world, "renewal: {automatic: true, months: 12, noticeDays: 60}")
    world.sign(amendment("orderId: T1\neffectiveOn: 2026-01-01", kind="TERMINATION"))
    pass_time(world.runtime, world.scope, to=datetime(2027, 3, 1, 12, tzinfo=UTC))
    assert nets(world) == ["2025-01-01 I 2025-01-01..2026-01-01 300.00"]


def test_one_customers_clock_moves_alone(world: World) -> None:
    monthly(world)
    pass_time(
        world.runtime,
        world.scope,
        to=datetime(2025, 4, 1, 12, tzinfo=UTC),
        customer_id=CustomerId("nordlicht"),
    )
    assert [line[:10] for line in nets(world)] == [
        "2025-01-01",
        "2025-02-01",
        "2025-03-01",
        "2025-04-01",
    ]
    assert world.today == date(2025, 1, 1)
    with pytest.raises(ClockMovesForwardOnly):
        pass_time(
            world.runtime,
            world.scope,
            to=datetime(2025, 3, 1, tzinfo=UTC),
            customer_id=CustomerId("nordlicht"),
        )


def test_a_milestone_falls_due_when_it_is_marked_done(world: World) -> None:
    contract = world.sign(
        SEATS % ("", "YEAR")
        + "- {lineId: go-live, name: Go-live, kind: MILESTONE, done: LATER, "
        + "price: {model: FLAT, amount: 500}}\n"
    )
    world.on("2025-03-05").bill()
    assert len(nets(world)) == 1
    mark_milestone(
        world.runtime, world.scope, contract, "go-live", on=date(2025, 3, 3), evidence="signed"
    )
    world.bill()
    assert nets(world)[1:] == ["2025-03-03 I 2025-03-03..2025-03-04 500.00"]
    with pytest.raises(MilestoneReachedBefore):
        mark_milestone(
            world.runtime, world.scope, contract, "go-live", on=date(2025, 3, 4), evidence="again"
        )


CALLS = """
currency: EUR
customerId: nordlicht
legalEntityId: halden-de
orderId: CALLS
contractId: c1
term: {start: 2025-01-01, months: 12}
%s
lines:
- lineId: calls
  name: API calls
  kind: USAGE
  featureId: api-calls
  price: {model: PER_UNIT, unitAmount: "0.01"}
  billing: {every: {count: 1, unit: MONTH}}
"""


def test_late_usage_rolls_into_the_next_period_naming_the_old_window(world: World) -> None:
    world.sign(CALLS % "")
    world.on("2025-01-10").usage("2025-01-10", 10_000)
    world.on("2025-02-01").send_out()
    world.on("2025-02-10").usage("2025-01-31", 500)
    settle_late_usage(world.runtime, world.scope)
    world.bill()
    assert nets(world) == ["2025-02-01 I 2025-01-01..2025-02-01 100.00"]
    world.usage("2025-02-03", 1_000)
    world.on("2025-03-01").bill()
    assert nets(world)[1:] == [
        "2025-03-01 I 2025-01-01..2025-02-01 5.00",
        "2025-03-01 I 2025-02-01..2025-03-01 10.00",
    ]
    world.approve_all().issue_all()
    do_daily_work(world.runtime, world.scope)
    assert len(nets(world)) == 3, "what was settled is settled"


def test_a_held_draft_follows_usage_of_earlier_periods_that_its_tiers_go_on_from(
    world: World,
) -> None:
    steps = '{upTo: 1000, unitAmount: "1"}, {upTo: null, unitAmount: "0.10"}'
    world.sign(
        (CALLS % "lateUsage: IGNORE").replace(
            'price: {model: PER_UNIT, unitAmount: "0.01"}',
            f"price: {{model: GRADUATED, tiers: [{steps}]}}\n  tierScope: TERM",
        )
    )
    world.on("2025-01-10").usage("2025-01-10", 600)
    world.on("2025-02-01").send_out()
    world.on("2025-02-10").usage("2025-02-10", 100)
    world.on("2025-03-01").bill()
    assert nets(world)[1:] == ["2025-03-01 I 2025-02-01..2025-03-01 100.00"]
    world.usage("2025-01-31", 400)
    assert len(refresh_drafts(world.runtime, world.scope)) == 1
    assert nets(world)[1:] == ["2025-03-01 I 2025-02-01..2025-03-01 10.00"]


def test_or_is_rebilled_at_once_where_the_contract_says_so(world: World) -> None:
    world.sign(CALLS % "lateUsage: REBILL")
    world.on("2025-01-10").usage("2025-01-10", 10_000)
    world.on("2025-02-01").send_out()
    world.on("2025-02-10").usage("2025-01-31", 500)
    do_daily_work(world.runtime, world.scope)
    assert nets(world)[1:] == [
        "2025-02-10 C 2025-01-01..2025-02-01 -100.00",
        "2025-02-10 I 2025-01-01..2025-02-01 105.00",
    ]
    assert len(world.approve_all().issue_all()) == 2, "approving one leaves the other as it is"


def test_what_is_rebilled_follows_its_usage_until_it_is_approved(world: World) -> None:
    world.sign(CALLS % "lateUsage: REBILL")
    world.on("2025-01-10").usage("2025-01-10", 10_000)
    world.on("2025-02-01").send_out()
    world.on("2025-02-10").usage("2025-01-31", 500)
    do_daily_work(world.runtime, world.scope)
    world.usage("2025-01-30", 100)
    do_daily_work(world.runtime, world.scope)
    world.approve_all().issue_all()
    assert sorted(nets(world)[1:]) == [
        "2025-02-10 C 2025-01-01..2025-02-01 -100.00",
        "2025-02-10 I 2025-01-01..2025-02-01 106.00",
    ]


def test_a_simulation_plays_the_whole_life_and_keeps_nothing(world: World) -> None:
    contract = yearly(
        world, "renewal: {automatic: true, months: 12, noticeDays: 60, uplift: {percent: 10}}"
    )
    played = simulate_contract(world.runtime, world.scope, contract, until=date(2027, 1, 1))
    assert [draft.net.text for draft in played.documents] == ["300.00", "330.00", "363.00"]
    assert world.every() == []
    with world.runtime.transaction(world.scope) as tx:
        assert contracts.one(tx, contract).term.end == date(2026, 1, 1)


def test_what_if_shows_an_amendment_before_it_is_signed(world: World) -> None:
    monthly(world)
    world.on("2025-01-02").send_out()
    form = {
        "kind": "AMENDMENT",
        "contractId": "c1",
        "orderId": "A1",
        "effectiveOn": "2025-02-01",
        "changes": [{"lineId": "seats", "quantity": "12"}],
    }
    seen = what_if(world.runtime, world.scope, form, until=date(2025, 3, 1))
    assert [draft.net.text for draft in seen.before] == ["300.00", "300.00"]
    assert [draft.net.text for draft in seen.after] == ["360.00", "360.00"]
    shown = preview_contract(world.runtime, world.scope, ContractId("c1"), through=date(2025, 3, 1))
    assert [draft.input_hash for draft in shown] == [draft.input_hash for draft in seen.before]


def test_an_assignment_bills_the_new_customer_from_its_day(world: World) -> None:
    monthly(world)
    world.on("2025-01-02").send_out()
    with pytest.raises(Invalid) as refused:
        world.order(amendment("orderId: A0\neffectiveOn: 2025-02-01\nassignTo: nobody"))
    assert refused.value.problems[0].code == "UnknownCustomer"
    world.sign(amendment("orderId: A1\neffectiveOn: 2025-02-01\nassignTo: larkspur"))
    world.on("2025-02-01").bill()
    assert [stored.draft.customer_id for stored in world.every()] == ["nordlicht", "larkspur"]


def test_a_draft_that_rests_on_an_index_not_published_waits(world: World) -> None:
    world.sign(
        SEATS.replace("months: 12", "months: 24")
        % ("uplift: {index: CPI-U, lagMonths: 2, floor: 1, cap: 5}", "YEAR")
    )
    world.on("2026-01-02").bill()
    draft = world.every()[1].draft
    assert draft.net.text == "303.00", "at its floor meanwhile"
    assert "IndexMissing" in [finding.code for finding in draft.findings]
    with pytest.raises(DraftHasErrors):
        approve_invoice(world.runtime, world.scope, draft.id)
    figures = {date(2024, 11, 1): Decimal(100), date(2025, 11, 1): Decimal("104.2")}
    import_index(world.runtime, world.scope, "CPI-U", figures)
    draft = world.every()[1].draft
    assert draft.net.text == "312.60"
    approve_invoice(world.runtime, world.scope, draft.id)


def test_a_contract_billed_by_instalments_can_be_amended(world: World) -> None:
    world.sign("""
currency: EUR
customerId: nordlicht
legalEntityId: halden-de
orderId: PLAN
contractId: c1
term: {start: 2025-01-01, months: 12}
lines:
- lineId: project
  name: Project
  kind: RECURRING
  price: {model: FLAT, amount: 900}
  instalments: {count: 3, every: {unit: QUARTER}, firstOn: 2025-01-01}
""")
    world.on("2025-01-01").send_out()
    world.sign(
        amendment(
            "orderId: A1\neffectiveOn: 2025-03-01\nlines: [{lineId: setup, name: Setup, "
            "kind: ONE_OFF, on: 2025-03-01, price: {model: FLAT, amount: 50}}]"
        )
    )
    world.bill(through="2025-12-31")
    assert [line.split()[-1] for line in nets(world)] == ["300.00", "50.00", "300.00", "300.00"]


def test_a_name_and_po_number_set_by_hand_outlive_orders_that_say_nothing_of_them(
    world: World,
) -> None:
    contract = monthly(world)
    update_contract(world.runtime, world.scope, contract, name="Renamed", po_number="PO-9")
    world.sign(
        amendment("orderId: A1\neffectiveOn: 2025-01-16\nchanges: [{lineId: seats, quantity: 12}]")
    )
    with world.runtime.transaction(world.scope) as tx:
        now = contracts.one(tx, contract)
    assert (now.name, now.terms.po_number) == ("Renamed", "PO-9")
    world.sign(amendment("orderId: A2\neffectiveOn: 2025-02-01\npoNumber: PO-10"))
    with world.runtime.transaction(world.scope) as tx:
        assert contracts.one(tx, contract).terms.po_number == "PO-10"


def test_a_renewed_line_has_no_end_where_its_terms_meet(world: World) -> None:
    waived = "timing: IN_ADVANCE}\n  stubs: {first: WAIVE, last: WAIVE}"
    mid_month = SEATS.replace("months: 12", "months: 2").replace("timing: IN_ADVANCE}", waived)
    world.sign(mid_month % ("billingDay: 15", "MONTH"))
    world.on("2025-02-20").send_out()
    assert [line.split(" ")[2] for line in nets(world)] == ["2025-01-15..2025-02-15"]
    term = "{start: 2025-03-01, months: 2}"
    world.sign(amendment(f"orderId: R1\nterm: {term}", kind="RENEWAL"))
    world.on("2025-05-01").bill()
    assert nets(world)[1:] == [
        "2025-02-15 I 2025-02-15..2025-03-01 150.00",
        "2025-03-01 I 2025-03-01..2025-03-15 150.00",
        "2025-03-15 I 2025-03-15..2025-04-15 300.00",
    ]
