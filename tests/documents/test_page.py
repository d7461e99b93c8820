"""The page: the PDF's words and numbers, nothing loaded, nothing run, nothing revealed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.documents.reading import Page, flat, pdf_text, squeezed
from tests.documents.samples import american, draft, german, hostile, japanese, long, void
from usance.documents.paper.invoice_view import InvoiceView
from usance.documents.paper.page import (
    PageState,
    content_security_policy,
    invoice_page,
    not_found_page,
)
from usance.documents.paper.pdf import invoice_pdf
from usance.documents.paper.printed import printed

SAMPLES = [german, american, japanese, draft, void, long]
SIGN_FIRST = re.compile(r"−?[$€¥][\d.,]*\d")
SIGN_LAST = re.compile(r"−?[\d.,]*\d €")


def page(view: InvoiceView, state: PageState = PageState.OPEN) -> str:
    return invoice_page(view, state=state, pdf_url="/i/abc/invoice.pdf", nonce="n0nce")


def figures(view: InvoiceView, text: str) -> Counter[str]:
    """Every amount of money in a text, as often as it stands there."""
    money = SIGN_LAST if view.locale == "de-DE" else SIGN_FIRST
    return Counter(money.findall(flat(text)))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
def test_every_amount_on_the_pdf_is_on_the_page_as_often_and_no_other(
    sample: Callable[[], InvoiceView],
) -> None:
    view = sample()
    on_paper = figures(view, pdf_text(invoice_pdf(view)))
    assert on_paper
    assert figures(view, Page(page(view)).text) == on_paper


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
def test_every_day_party_and_fact_on_the_page_is_on_the_pdf(
    sample: Callable[[], InvoiceView],
) -> None:
    view = sample()
    words = printed(view)
    paper, screen = squeezed(pdf_text(invoice_pdf(view))), squeezed(Page(page(view)).text)
    said = [*(row.value for row in words.facts), *words.buyer.lines, *words.seller.lines]
    said += [each.period for each in words.lines] + [words.terms, *words.notes]
    for text in filter(None, said):
        assert squeezed(text) in screen, text
        assert squeezed(text) in paper, text


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (PageState.OPEN, "Open"),
        (PageState.PARTIALLY_PAID, "Partially paid"),
        (PageState.PAID, "Paid"),
        (PageState.OVERDUE, "Overdue"),
        (PageState.DRAFT, "Draft"),
        (PageState.VOID, "Void"),
    ],
)
def test_the_state_is_said_in_a_word_as_well_as_in_colour(state: PageState, word: str) -> None:
    html = page(american(), state)
    assert re.search(rf'class="state state-{state.value}">{word}<', html)
    assert f".state-{state.value}" in html


def test_it_offers_the_pdf_and_shows_account_reference_and_code() -> None:
    html = Page(page(german()))
    assert html.all("a") == [{"class": "button", "href": "/i/abc/invoice.pdf"}]
    assert "DE89 3704 0044 0532 0130 00" in html.text
    assert "RF97 RE20 2600 42" in html.text
    assert sum(image["src"].startswith("data:image/svg+xml") for image in html.all("img")) == 2


def test_it_loads_nothing_and_runs_nothing() -> None:
    html = Page(page(hostile()))
    assert not html.all("script")
    assert not html.all("link")
    assert html.all("style") == [{"nonce": "n0nce"}]
    assert not [name for _, some in html.elements for name in some if name.startswith("on")]
    assert not [some for _, some in html.elements if "style" in some]
    assert all(image["src"].startswith("data:") for image in html.all("img"))
    assert "url(" not in page(german())


def test_hostile_text_stands_on_the_page_as_text() -> None:
    view = hostile()
    text = Page(page(view)).text
    assert view.lines[0].title in text
    assert "{{7*7}} &amp;" in text
    assert "W" * 10_000 in text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", page(view))


def test_a_hostile_link_stays_inside_its_attribute() -> None:
    html = invoice_page(
        american(), state=PageState.OPEN, pdf_url='x"><script>1</script>', nonce='"><script>'
    )
    assert not Page(html).all("script")


def test_readers_of_screens_find_landmarks_heads_and_language() -> None:
    html = Page(page(japanese()))
    assert html.all("html") == [{"lang": "ja-JP"}]
    tags = [tag for tag, _ in html.elements]
    assert tags.count("main") == tags.count("header") == tags.count("footer") == 1
    assert tags.count("h1") == 1
    heads = html.all("th")
    assert heads
    assert all(head["scope"] in {"col", "row"} for head in heads)
    assert all("alt" in image for image in html.all("img"))


def test_it_is_not_to_be_indexed_and_tells_no_other_site_its_address() -> None:
    named = {meta.get("name"): meta.get("content") for meta in Page(page(american())).all("meta")}
    assert "noindex" in (named["robots"] or "")
    assert named["referrer"] == "no-referrer"


def test_a_bad_link_shows_a_page_that_reveals_nothing() -> None:
    html = Page(not_found_page(nonce="n"))
    assert html.text.startswith("There is nothing to see here")
    assert not html.all("a")
    assert not html.all("img")
    assert Page(not_found_page(nonce="n", locale="de-AT")).all("html") == [{"lang": "de"}]


def test_the_policy_allows_our_style_and_inline_images_only() -> None:
    assert content_security_policy("abc") == (
        "default-src 'none'; style-src 'nonce-abc'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@pytest.mark.parametrize(("accent", "letters"), [("#ffd400", "#000"), ("#0b6e4f", "#fff")])
def test_words_on_the_accent_are_black_or_white_whichever_reads_better(
    accent: str, letters: str
) -> None:
    view = american()
    html = page(replace(view, seller=replace(view.seller, accent=accent)))
    assert f"--accent: {accent}; --on-accent: {letters};" in html
