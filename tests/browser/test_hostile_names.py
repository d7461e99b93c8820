"""Names that try to be more than names: a customer reads them, and nothing of them runs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Dialog, Page

from tests.api.conftest import EXAMPLES, Desk
from tests.browser.conftest import issued
from tests.browser.looking import is_wider_than_window, words

pytestmark = pytest.mark.browser

NAMES = [
    "<script>window.pwned = 1; alert(1)</script>",
    '"><img src=x onerror="window.pwned=1;alert(1)">',
    "{{ 7 * 7 }}</title></style><svg onload=alert(1)>",
    "javascript:alert(1)//<a href='javascript:alert(1)'>pay here</a>",
    "&lt;b&gt;bold&lt;/b&gt;",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_read_as_it_is_written(page: Page, desk: Desk, name: str) -> None:
    ran: list[str] = []

    def note(dialog: Dialog) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    page.goto(_invoice_to(desk, name))
    page.wait_for_load_state("networkidle")
    assert name in words(page)
    assert ran == []
    assert page.evaluate("window.pwned === undefined")
    for made in ("script", "img[src=x]", "svg[onload]", "a[href^=javascript]", "b"):
        assert page.locator(made).count() == 0, made


def test_an_endless_word_does_not_burst_the_page(page: Page, desk: Desk) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(_invoice_to(desk, "Donaudampfschifffahrt" * 9))
    assert not is_wider_than_window(page)


def _invoice_to(desk: Desk, name: str) -> str:
    """The page of an invoice to a customer, and for a thing, of that name."""
    body = {"id": "nordlicht", "name": name, "address": {"country": "DE", "lines": [name]}}
    assert desk.post("/customers", body).status_code in (200, 201)
    form = (EXAMPLES / "orders" / "nordlicht-2025.yaml").read_text("utf-8")
    quoted = name.replace("'", "''")
    form = form.replace("Halden Platform, Arbeitsplätze", f"'{quoted}'")
    headers = {"Content-Type": "application/yaml"}
    answer = desk.http.post("/api/v1/orders", content=form.encode(), headers=headers)
    assert answer.status_code == 201, answer.text
    assert desk.post(f"/orders/{answer.json()['data']['id']}/fulfill").status_code == 200
    return issued(desk)
