"""A browser, and an invoice that a customer opens in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.api.conftest import Desk, desk, invoice_ids, server
from tests.browser.chromium import browsing, chromium

__all__ = ["desk", "server"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, for the tests of one file."""
    executable = chromium()
    if executable is None:
        pytest.skip("no Chromium on this machine: install the package chromium")
    with browsing(executable, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window of a desktop computer, with an empty profile."""
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        yield context.new_page()


@pytest.fixture
def url(desk: Desk) -> str:
    """The hosted page of Nordlicht's first invoice: 862.75 EUR, of which 100.00 are paid."""
    desk.sign("nordlicht-2025.yaml")
    return issued(desk, paid="100.00")


def issued(desk: Desk, *, paid: str | None = None) -> str:
    """Bill what is due, issue the one invoice that comes of it; its hosted page."""
    desk.post("/billing-runs")
    [draft] = invoice_ids(desk)
    address = str(desk.issued(draft)["hostedUrl"])
    if paid is not None:
        body = {"legalEntityId": "halden-de", "customerId": "nordlicht", "currency": "EUR"}
        answer = desk.post("/payments", {**body, "amount": paid, "receivedOn": "2025-01-01"})
        assert answer.status_code == 201, answer.text
    return address
