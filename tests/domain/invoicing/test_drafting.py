"""Drafting: lines, taxes and totals that add up, on the documents they belong on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, count, cycle

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.domain.deals import AT_HOME, DAYS, EUR, FAR, FREE, PARTIES, portfolios
from tests.domain.invoicing.agreement import SEATS, agreement
from tests.domain.standing import standing
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.owed import due
from usance.domain.due_items import DueItem, Grouping
from usance.domain.ids import ContractId, CustomerId, InvoiceId, LineId
from usance.domain.invoicing.drafting import drafts, group, has_moved
from usance.domain.invoicing.history import History
from usance.domain.invoicing.invoice import Draft
from usance.domain.invoicing.rated_items import UsageBySlice
from usance.domain.invoicing.taxed_items import Parties
from usance.domain.metering.totals import NO_USAGE, UsageTotal
from usance.domain.money import Money, total
from usance.domain.payment_terms import PaymentTerms

Key = tuple[LineId, date]
FREE_PORTFOLIOS = portfolios(pricing=st.just(FREE))
SAME = InvoiceId("inv")


def items_of(signed: Sequence[Contract], through: date = FAR) -> list[DueItem]:
    """What these contracts owe by a day."""
    return list(chain.from_iterable(due(each, through=through).items for each in signed))


def used(items: Sequence[DueItem], seed: int) -> UsageBySlice:
    """Some usage of each metered slice, the same for the same slice; of some, none."""
    return {
        item.key: UsageTotal(Decimal(quantity), quantity, None)
        for item in items
        if item.is_usage
        if (quantity := (item.service_period.start.toordinal() * 7919 + seed) % 400)
    }


def drafted(
    items: Sequence[DueItem],
    *,
    parties: Parties = AT_HOME,
    usage: UsageBySlice | None = None,
    history: History | None = None,
) -> list[Draft]:
    """The documents these items make, all under one id, so that they compare."""
    return drafts(
        items,
        parties=parties,
        currency=EUR,
        usage={} if usage is None else usage,
        history=History() if history is None else history,
        new_id=lambda: SAME,
    )


@given(portfolios(), PARTIES, st.integers(0, 399))
def test_the_lines_and_their_taxes_add_up_to_the_total_to_the_minor_unit(
    signed: list[Contract], parties: Parties, seed: int
) -> None:
    items = items_of(signed)
    for draft in drafted(items, parties=parties, usage=used(items, seed)):
        assert draft.net == total([line.net for line in draft.lines], EUR)
        assert draft.net == total([row.taxable for row in draft.taxes], EUR)
        assert draft.tax == total([line.tax for line in draft.lines], EUR)
        assert draft.tax == total([row.tax for row in draft.taxes], EUR)
        assert draft.gross == total([line.net + line.tax for line in draft.lines], EUR)


def agreed(item: DueItem) -> tuple[object, ...]:
    """All that two items must agree in to share a document."""
    return item.due_on, *item.grouping


@given(FREE_PORTFOLIOS, st.lists(st.sampled_from(["a", "cus", "z"]), min_size=1))
def test_due_items_of_one_payer_entity_currency_day_and_grouping_share_a_draft_and_no_others(
    signed: list[Contract], buyers: list[str]
) -> None:
    items = [
        structs.replace(item, customer_id=CustomerId(buyer))
        for item, buyer in zip(items_of(signed), cycle(buyers), strict=False)
    ]
    made = group(items, CustomerId("cus"))
    for each in made:
        bought_by = [item.customer_id for item in each.items]
        assert bought_by == sorted(bought_by, key=lambda buyer: (buyer != "cus", buyer))
    assert len(made) == len({agreed(item) for item in items})
    for each in made:
        assert {agreed(item) for item in each.items} == {(each.bill_on, *each.grouping)}
    together = sorted(item.key for each in made for item in each.items)
    assert together == sorted(item.key for item in items)
    assert [each.bill_on for each in made] == sorted(each.bill_on for each in made)


@given(portfolios(), PARTIES, st.randoms(use_true_random=False), st.integers(0, 399))
def test_drafting_the_same_items_again_gives_the_same_draft_whatever_their_order(
    signed: list[Contract], parties: Parties, chance: object, seed: int
) -> None:
    items = items_of(signed)
    usage = used(items, seed)
    shuffled = items.copy()
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    first = drafted(items, parties=parties, usage=usage)
    assert drafted(shuffled, parties=parties, usage=usage) == first
    assert drafted(items, parties=parties, usage=usage) == first


@given(FREE_PORTFOLIOS)
def test_lines_stand_in_the_order_they_were_signed(signed: list[Contract]) -> None:
    places = {
        line.id: (each.id, position) for each in signed for position, line in enumerate(each.lines)
    }
    for draft in drafted(items_of(signed)):
        found = [places[line.line_id] for line in draft.lines if line.line_id is not None]
        assert found == sorted(found)


def run(
    signed: Sequence[Contract], days: Sequence[date], parties: Parties, seed: int
) -> list[Draft]:
    """Billing runs on these days, each with what the runs before it left: as flows/run_billing."""
    billed: list[DueItem] = []
    since: dict[str, date | None] = dict.fromkeys((each.id for each in signed), None)
    first = {each.id: True for each in signed}
    history = History()
    made: list[Draft] = []
    for through in days:
        items: list[DueItem] = []
        stands = standing(billed, usage=used(billed, seed))
        for each in signed:
            if not first[each.id] and since[each.id] is None:
                continue  # nothing will ever fall due again
            owed = due(each, through=through, standing=stands, since=since[each.id])
            since[each.id], first[each.id] = owed.next_on, False
            items += owed.items
        new = drafted(items, parties=parties, usage=used(items, seed), history=history)
        for draft in new:
            history = history.after(draft)
        billed += items
        made += new
    return made


@given(portfolios(), PARTIES, st.lists(DAYS, max_size=6), st.integers(0, 399))
def test_many_runs_draft_what_one_late_run_drafts_and_what_a_preview_showed(
    signed: list[Contract], parties: Parties, days: list[date], seed: int
) -> None:
    many = run(signed, [*sorted(days), FAR], parties, seed)
    assert many == run(signed, [FAR], parties, seed)
    items = items_of(signed)
    assert many == drafted(items, parties=parties, usage=used(items, seed))


@given(portfolios(), st.integers(0, 399))
def test_separate_documents_have_the_same_lines_as_consolidated_ones(
    signed: list[Contract], seed: int
) -> None:
    def nets(portfolio: list[Contract]) -> dict[Key, Money]:
        items = items_of(portfolio)
        made = drafted(items, usage=used(items, seed))
        return {
            (line.line_id, line.service_period.start): line.net
            for draft in made
            for line in draft.lines
            if line.line_id is not None
        }

    terms = signed[0].terms
    together = [replace(each, terms=replace(terms, is_consolidated=True)) for each in signed]
    alone = [replace(each, terms=replace(terms, is_consolidated=False)) for each in signed]
    assert nets(together) == nets(alone)


GROUPINGS = st.builds(
    Grouping,
    st.sampled_from([PaymentTerms(3), PaymentTerms(30)]),
    st.text("P!| ", max_size=3),
    st.booleans(),
    st.text("P!|", max_size=3),
)


@given(GROUPINGS, GROUPINGS)
def test_groupings_have_one_key_exactly_when_they_are_equal(one: Grouping, two: Grouping) -> None:
    assert (one.key == two.key) == (one == two)


@given(portfolios(), st.integers(1, 399))
def test_a_held_draft_has_moved_when_its_usage_has_and_only_then(
    signed: list[Contract], more: int
) -> None:
    items = items_of(signed)
    usage = used(items, 0)
    late = {
        key: replace(counted, event_count=counted.event_count + more)
        for key, counted in usage.items()
    }
    for draft in drafted(items, usage=usage):
        is_metered = any(line.usage not in (None, NO_USAGE) for line in draft.lines)
        assert not has_moved(draft, usage)
        assert has_moved(draft, late) == is_metered
        assert has_moved(draft, {}) == is_metered


@given(portfolios(), PARTIES, st.integers(0, 399))
def test_every_line_shows_its_working_from_the_clause_to_the_cent(
    signed: list[Contract], parties: Parties, seed: int
) -> None:
    items = {item.key: item for item in items_of(signed)}
    usage = used(list(items.values()), seed)
    for draft in drafted(list(items.values()), parties=parties, usage=usage):
        for line in draft.lines:
            assert line.line_id is not None
            item = items[line.line_id, line.service_period.start]
            facts, rules = line.working.facts, [part.rule for part in line.working.parts]
            assert (facts["order"], facts["clause"]) == (item.order_ref, item.line_ref)
            assert facts["net"] == line.net.amount
            assert rules == (["usage", "line", "tax"] if item.is_usage else ["line", "tax"])
            assert (line.usage is None) == (not item.is_usage)
            rated = line.working.find("line")
            assert rated is not None
            assert rated.facts["net"] == line.net.amount
            assert rated.facts["quantity"] == line.quantity


def test_every_document_gets_an_id_of_its_own() -> None:
    (item,) = items_of([agreement()])
    later = structs.replace(item, due_on=item.due_on + timedelta(days=1))
    ids = count(1)
    made = drafts(
        [later, item],
        parties=AT_HOME,
        currency=EUR,
        usage={},
        history=History(),
        new_id=lambda: InvoiceId(f"inv_{next(ids)}"),
    )
    assert [draft.id for draft in made] == ["inv_1", "inv_2"]
    assert made[0].bill_on < made[1].bill_on
    assert made[0].input_hash != made[1].input_hash


def test_contracts_share_a_document_one_after_the_other_whatever_order_they_came_in() -> None:
    seats = [replace(SEATS, ref=f"l{number}") for number in (1, 2)]
    one = agreement(*seats)
    other = replace(
        one,
        id=ContractId("ctr_2"),
        lines=tuple(replace(line, id=LineId(f"a_{line.id}")) for line in one.lines),
    )
    for portfolio in ([one, other], [other, one]):
        (draft,) = drafted(items_of(portfolio))
        assert [(line.contract_id, line.line_id) for line in draft.lines] == [
            (each.id, line.id) for each in (one, other) for line in each.lines
        ]
