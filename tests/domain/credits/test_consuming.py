"""Credits: whose turn it is, what a use takes, what is left after many."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.calendar import Cadence, Unit
from usance.domain.credits.consuming import Use, burn_down, consume
from usance.domain.credits.grants import NEVER, Category, Grant, Recurrence, turn
from usance.domain.errors import Invalid

START = datetime(2025, 1, 1, tzinfo=UTC)
AMOUNTS = st.integers(0, 10_000).map(lambda n: Decimal(n).scaleb(-3))
MOMENTS = st.integers(0, 6).map(lambda hours: START + timedelta(hours=hours))
DAILY = Recurrence(Cadence(1, Unit.DAY), START)


@st.composite
def grants(draw: st.DrawFn, ident: str) -> Grant:
    """Any grant of six hours; many of them alike but for one thing."""
    amount = draw(AMOUNTS)
    effective_at = draw(MOMENTS)
    lives = draw(st.none() | st.integers(1, 4))
    return Grant(
        id=ident,
        amount=amount,
        used=min(amount, draw(AMOUNTS)),
        effective_at=effective_at,
        expires_at=None if lives is None else effective_at + timedelta(hours=lives),
        priority=draw(st.integers(1, 2)),
        category=draw(st.sampled_from(Category)),
        created_at=draw(st.none() | MOMENTS),
    )


@st.composite
def pools(draw: st.DrawFn) -> list[Grant]:
    """Up to six grants."""
    return [draw(grants(f"g{index}")) for index in range(draw(st.integers(0, 6)))]


def grant(ident: str, amount: int = 100, **terms: object) -> Grant:
    """A grant from the start on."""
    plain = Grant(id=ident, amount=Decimal(amount), effective_at=START)
    return replace(plain, **terms)  # type: ignore[arg-type]


@given(pools(), AMOUNTS, MOMENTS)
def test_taken_and_short_add_up(pool: list[Grant], amount: Decimal, at: datetime) -> None:
    """what is taken from the grants and what is short add up to what was asked"""
    taken = consume(pool, amount, at)
    assert sum(taken.by_grant.values()) + taken.short == amount
    assert taken.short >= 0


@given(pools(), AMOUNTS, MOMENTS)
def test_no_grant_gives_what_it_has_not(pool: list[Grant], amount: Decimal, at: datetime) -> None:
    """no grant gives more than it holds, nor anything outside its time"""
    held = {each.id: each for each in pool}
    for ident, part in consume(pool, amount, at).by_grant.items():
        assert 0 < part <= held[ident].left
        assert held[ident].effective_at <= at < (held[ident].expires_at or NEVER)


@given(pools(), AMOUNTS, MOMENTS, st.randoms(use_true_random=False))
def test_the_order_they_are_told_in_does_not_matter(
    pool: list[Grant], amount: Decimal, at: datetime, chance: Random
) -> None:
    """grants are taken from in turn, whatever order they are told in"""
    told = chance.sample(pool, len(pool))
    taken = consume(told, amount, at)
    assert taken == consume(pool, amount, at)
    held = {each.id: each for each in pool}
    order = [turn(held[ident]) for ident in taken.by_grant]
    assert order == sorted(order)


@given(pools(), AMOUNTS, MOMENTS)
def test_nothing_is_left_before_the_last(pool: list[Grant], amount: Decimal, at: datetime) -> None:
    """a grant that is passed over had nothing left to give"""
    taken = consume(pool, amount, at)
    if not taken.by_grant:
        return
    held = {each.id: each for each in pool if each.is_in_force(at)}
    last = turn(held[list(taken.by_grant)[-1]])
    for each in held.values():
        if turn(each) < last:
            assert taken.by_grant.get(each.id, Decimal(0)) == each.left


@given(pools(), st.lists(st.builds(Use, MOMENTS, AMOUNTS), max_size=6), st.booleans())
def test_a_run_of_uses_takes_no_more_than_was_granted(
    pool: list[Grant], uses: list[Use], settles: bool
) -> None:
    until = START + timedelta(hours=12)
    after = burn_down(pool, uses, until=until, settles_overage=settles)
    held = {each.id: each.left for each in pool}
    assert all(0 <= after.left[ident] <= left for ident, left in held.items())
    given_out = sum(held.values()) - sum(after.left.values())
    assert sum(use.amount for use in uses) - after.overage <= given_out


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (grant("b", priority=1), grant("a", priority=2)),
        (grant("b", expires_at=START + timedelta(1)), grant("a", expires_at=START + timedelta(2))),
        (grant("b", expires_at=START + timedelta(1)), grant("a")),
        (grant("b", category=Category.PROMOTIONAL), grant("a", category=Category.PAID)),
        (grant("b", effective_at=START - timedelta(1)), grant("a")),
        (grant("b", created_at=START - timedelta(1)), grant("a")),
        (grant("a"), grant("b")),
    ],
    ids=["priority", "expiry", "no expiry last", "promotional", "effective", "created", "id"],
)
def test_whose_turn_it_is(first: Grant, second: Grant) -> None:
    taken = consume([second, first], Decimal(120), START)
    assert taken.by_grant == {first.id: Decimal(100), second.id: Decimal(20)}


def test_what_no_grant_covers_is_short() -> None:
    assert consume([grant("a")], Decimal("100.5"), START).short == Decimal("0.5")


def test_a_grant_is_gone_at_the_instant_it_expires() -> None:
    gone = grant("a", expires_at=START + timedelta(hours=1))
    assert consume([gone], Decimal(1), START + timedelta(hours=1)).short == 1


def test_a_recurring_grant_is_filled_and_nothing_is_carried_over() -> None:
    daily = grant("a", recurs=DAILY)
    uses = [Use(START + timedelta(hours=1), Decimal(30))]
    assert burn_down([daily], uses, until=START + timedelta(hours=2)).left == {"a": 70}
    assert burn_down([daily], uses, until=START + timedelta(days=1)).left == {"a": 100}


def test_overage_is_forgiven_unless_the_next_grant_settles_it() -> None:
    daily = grant("a", recurs=DAILY)
    uses = [Use(START + timedelta(hours=1), Decimal(120))]
    next_day = START + timedelta(days=1)
    assert burn_down([daily], uses, until=next_day).left == {"a": 100}
    assert burn_down([daily], uses, until=next_day).overage == 20
    settled = burn_down([daily], uses, until=next_day, settles_overage=True)
    assert settled.left == {"a": 80}
    assert settled.overage == 0


def test_a_grant_that_has_expired_is_filled_no_more() -> None:
    daily = grant("a", recurs=DAILY, expires_at=START + timedelta(days=1))
    assert burn_down([daily], [], until=START + timedelta(days=3)).left == {"a": 0}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"amount": Decimal(-1)}, "NegativeAmount"),
        ({"used": Decimal(101)}, "MoreUsedThanGranted"),
        ({"used": Decimal(-1)}, "MoreUsedThanGranted"),
        ({"expires_at": START}, "ExpiresTooSoon"),
    ],
)
def test_a_grant_that_makes_no_sense_is_refused(wrong: dict[str, object], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        replace(grant("a"), **wrong)  # type: ignore[arg-type]
    assert [problem.code for problem in refused.value.problems] == [code]
