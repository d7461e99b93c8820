"""Approval rules: limits by currency, and which rules are none."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.approval_rules import NO_RULES, ApprovalRules, is_above
from usance.domain.errors import Invalid
from usance.domain.money import Currency, Money, currency

EUR, USD, JPY = currency("EUR"), currency("USD"), currency("JPY")
CURRENCIES = st.sampled_from([EUR, USD, JPY])


def limits(*texts: str) -> tuple[Money, ...]:
    """`limits("100.00 EUR")`."""
    return tuple(Money.parse(*_split(text)) for text in texts)


def _split(text: str) -> tuple[str, Currency]:
    amount, code = text.split()
    return amount, currency(code)


@pytest.mark.parametrize(
    ("gross", "given", "above"),
    [
        ("100.00 EUR", (), False),
        ("100.00 EUR", ("100.00 EUR",), False),
        ("100.01 EUR", ("100.00 EUR",), True),
        ("100.01 EUR", ("90.00 USD", "200.00 EUR"), False),
        ("0.00 EUR", ("100.00 USD",), True),
    ],
)
def test_an_amount_is_above_the_limit_of_its_own_currency(
    gross: str, given: tuple[str, ...], above: bool
) -> None:
    assert is_above(limits(gross)[0], limits(*given)) is above


@given(CURRENCIES, st.sets(CURRENCIES, min_size=1), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_currency_without_a_limit_is_limited_to_nothing(
    of: Currency, limited: set[Currency], gross: int, limit: int
) -> None:
    """A currency without a limit, where limits are given, is limited to nothing."""
    given_limits = tuple(Money(limit, each) for each in limited - {of})
    if given_limits:
        assert is_above(Money(gross, of), given_limits)
    assert is_above(Money(gross, of), (*given_limits, Money(limit, of))) == (gross > limit)


@pytest.mark.parametrize(
    ("rules", "code", "path"),
    [
        ({"review_above": limits("-0.01 EUR")}, "NegativeAmount", "reviewAbove"),
        (
            {"four_eyes_above": limits("1.00 EUR", "2.00 EUR")},
            "DuplicateCurrency",
            "fourEyesAbove",
        ),
        ({"change_percent": Decimal("-1")}, "InvalidPercent", "changePercent"),
        ({"change_percent": Decimal("1000.1")}, "InvalidPercent", "changePercent"),
    ],
)
def test_rules_that_make_no_sense_are_refused(
    rules: dict[str, object], code: str, path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        ApprovalRules(**rules)  # type: ignore[arg-type]
    assert [(each.code, each.path) for each in refused.value.problems] == [(code, path)]


def test_a_percentage_of_zero_and_a_limit_of_zero_are_rules() -> None:
    assert ApprovalRules(change_percent=Decimal(0)) != NO_RULES
    assert is_above(limits("0.01 EUR")[0], limits("0 EUR"))
