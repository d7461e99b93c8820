"""A view refuses to contradict itself before any ink is spent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.documents.samples import EUR, german
from usance.documents.paper.invoice_view import InvoiceView, SellerView, Standing
from usance.domain.money import Money

CENT = Money(1, EUR)


@pytest.mark.parametrize("name", ["net", "tax", "gross", "due"])
def test_totals_that_do_not_add_up_are_never_printed(name: str) -> None:
    view = german()
    with pytest.raises(AssertionError):
        replace(view, **{name: getattr(view, name) + CENT})


def test_only_a_draft_may_lack_a_number() -> None:
    with pytest.raises(AssertionError, match="only drafts"):
        replace(german(), number=None)
    draft: InvoiceView = replace(german(), number=None, standing=Standing.DRAFT)
    assert draft.number is None


def test_a_link_leads_to_the_web_and_nowhere_else() -> None:
    with pytest.raises(AssertionError, match="web address"):
        replace(german(), hosted_url="javascript:alert(1)")


@pytest.mark.parametrize("accent", ["red", "#12345", "#12345g", "#000;}body{", "#1f2933\n"])
def test_an_accent_is_a_colour_and_nothing_else(accent: str) -> None:
    with pytest.raises(AssertionError):
        SellerView(name="A", address=(), accent=accent)
