"""Quotes of a tax service, asked before drafting."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from tests.domain.tax.parties import TAXES, buyer, seller
from usance.domain.tax.quotes import QUOTE_MISSING, TaxQuote, is_asked, question, quoted
from usance.domain.tax.treatment import TaxComponent, combined

ASKED = ("standard", date(2026, 3, 1))
SERVED = replace(seller(), tax_service="https://tax.example/quotes")
NEW_YORK = combined([TaxComponent("NY", Decimal("8.875"))], "quote")


def key(country: str = "DE", on: date = ASKED[1]) -> str:
    """The key of what is asked about a buyer there."""
    return question(SERVED, buyer(country), tax_code="standard", on=on).key


def test_a_question_is_known_by_everything_its_answer_may_rest_on() -> None:
    assert key() == key()
    assert len({key(), key("FR"), key(on=date(2026, 3, 2))}) == 3


def test_a_seller_with_a_service_takes_its_answer_and_waits_without_one() -> None:
    quote = TaxQuote(NEW_YORK, "q-1", datetime(2026, 3, 1, tzinfo=UTC))
    assert quoted({key(): quote}, TAXES, SERVED, buyer(), ASKED) == NEW_YORK
    assert quoted({}, TAXES, SERVED, buyer(), ASKED) == QUOTE_MISSING


def test_a_seller_without_a_service_keeps_to_its_table() -> None:
    assert quoted({}, TAXES, seller(), buyer(), ASKED).percent == 19


def test_nobody_is_asked_about_a_buyer_who_is_exempt() -> None:
    charity = buyer(exemption="A charity.")
    assert not is_asked(SERVED, charity)
    assert quoted({}, TAXES, SERVED, charity, ASKED).rule == "exempt"


def test_a_buyer_without_an_address_is_asked_about_where_the_seller_is() -> None:
    asked = question(SERVED, buyer(None), tax_code="standard", on=ASKED[1])
    assert asked.buyer == SERVED.address
