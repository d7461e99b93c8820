"""Approval rules as they are written: read back to the same, and refused by their path."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.documents.approval_notation import approval_rules_from, plain_approval_rules
from usance.domain.approval_rules import NO_RULES, ApprovalRules
from usance.domain.errors import Invalid
from usance.domain.money import Money, currency

EUR, USD, JPY = currency("EUR"), currency("USD"), currency("JPY")

rest = {
    "change_percent": st.none() | st.decimals(0, 1000, places=2),
    "first_invoice": st.booleans(),
    "always_review": st.booleans(),
    "separate_duties": st.booleans(),
}
in_euro = st.sampled_from([(), (Money(0, EUR),), (Money(123456, EUR),)])
in_any = st.dictionaries(st.sampled_from([EUR, JPY, USD]), st.integers(0, 10**9)).map(
    lambda found: tuple(Money(found[each], each) for each in (EUR, JPY, USD) if each in found)
)
of_contracts = st.builds(ApprovalRules, review_above=in_euro, four_eyes_above=in_euro, **rest)
of_entities = st.builds(ApprovalRules, review_above=in_any, four_eyes_above=in_any, **rest)


@given(of_contracts)
def test_a_contracts_rules_read_back_to_the_same(rules: ApprovalRules) -> None:
    assert approval_rules_from(plain_approval_rules(rules, of=EUR), "review", of=EUR) == rules


@given(of_entities)
def test_a_legal_entitys_rules_read_back_to_the_same(rules: ApprovalRules) -> None:
    assert approval_rules_from(plain_approval_rules(rules), "review") == rules


def test_what_is_written_is_what_it_says() -> None:
    plain = {"reviewAbove": "5000.00", "changePercent": 10, "alwaysReview": True}
    assert approval_rules_from(plain, "review", of=EUR) == ApprovalRules(
        review_above=(Money(500000, EUR),), change_percent=Decimal(10), always_review=True
    )
    of_many = {"fourEyesAbove": {"USD": "60000", "EUR": "50000"}}
    assert approval_rules_from(of_many, "review") == ApprovalRules(
        four_eyes_above=(Money(5000000, EUR), Money(6000000, USD))
    )
    assert plain_approval_rules(NO_RULES) == {}


@pytest.mark.parametrize(
    ("plain", "code", "path"),
    [
        ({"reviewAbove": "1.001"}, "InvalidAmount", "review.reviewAbove"),
        ({"reviewAbove": "-1"}, "NegativeAmount", "review.reviewAbove"),
        ({"reviewAbove": {"EUR": "1"}}, "WrongType", "review.reviewAbove"),
        ({"changePercent": "1e3x"}, "InvalidNumber", "review.changePercent"),
        ({"changePercent": "-1"}, "InvalidPercent", "review.changePercent"),
        ({"alwaysReview": "yes"}, "WrongType", "review.alwaysReview"),
        ({"always": True}, "UnknownField", "review.always"),
        ("always", "WrongType", "review"),
    ],
)
def test_a_contracts_rules_are_refused_by_their_path(plain: object, code: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        approval_rules_from(plain, "review", of=EUR)
    assert [(each.code, each.path) for each in refused.value.problems] == [(code, path)]


@pytest.mark.parametrize(
    ("limits", "code", "path"),
    [
        ("5000.00", "WrongType", "review.reviewAbove"),
        ({"EURO": "1"}, "UnknownCurrency", "review.reviewAbove.EURO"),
        ({"JPY": "1.5"}, "InvalidAmount", "review.reviewAbove.JPY"),
        ({str(count): "1" for count in range(51)}, "TooMany", "review.reviewAbove"),
    ],
)
def test_a_legal_entitys_amounts_name_their_currency(limits: object, code: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        approval_rules_from({"reviewAbove": limits}, "review")
    assert [(each.code, each.path) for each in refused.value.problems] == [(code, path)]
