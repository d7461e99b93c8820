"""The customer's page: genuine links show what is owed today; all others show nothing at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import httpx
import pytest

from tests.api.conftest import Desk, invoice_ids, opened, server
from tests.conftest import new_sandbox
from usance.documents.paper.link import is_genuine, read_token, token_of
from usance.domain.ids import InvoiceId
from usance.flows.runtime import Runtime, Scope
from usance.store import papers, tenants
from usance.store.database import Database

__all__ = ["server"]


@pytest.fixture
def desk(server: str, runtime: Runtime, scope: Scope) -> Iterator[Desk]:
    """An environment whose customer owes the seats of January."""
    with opened(server, runtime, scope) as desk:
        desk.sign("nordlicht-2025.yaml")
        desk.post("/billing-runs")
        yield desk


@pytest.fixture
def url(desk: Desk) -> str:
    """The hosted page of January's invoice, issued."""
    [draft] = invoice_ids(desk)
    return str(desk.issued(draft)["hostedUrl"])


def pay(desk: Desk, amount: str) -> None:
    body = {"legalEntityId": "halden-de", "customerId": "nordlicht", "currency": "EUR"}
    answer = desk.post("/payments", {**body, "amount": amount, "receivedOn": "2025-01-01"})
    assert answer.status_code == 201


def test_the_page_says_what_is_owed_and_where_to_pay(url: str) -> None:
    page = httpx.get(url)
    assert page.status_code == 200
    for text in ("HDE-2025-00001", "Nordlicht Verlag", "862,75", "DE89 3704 0044 0532 0130 00"):
        assert text in page.text.replace(" ", " "), text
    assert "RF" in page.text


def test_its_state_follows_payments_and_the_day(desk: Desk, url: str) -> None:
    def state() -> str:
        found = re.search(r'class="state state-([a-z-]+)"', httpx.get(url).text)
        assert found is not None
        return found.group(1)

    assert state() == "open"
    pay(desk, "100.00")
    assert state() == "partially-paid"
    assert "762,75" in httpx.get(url).text
    desk.at("2025-01-16")
    assert state() == "overdue"
    pay(desk, "762.75")
    assert state() == "paid"


def test_a_void_invoice_says_so(desk: Desk, url: str) -> None:
    [invoice] = invoice_ids(desk)
    desk.post(f"/invoices/{invoice}/void", {"reason": "Mistake"})
    page = httpx.get(url)
    assert page.status_code == 200
    assert "state-void" in page.text


def test_nothing_is_kept_scripted_framed_or_found_by_search_engines(url: str) -> None:
    for answer in (httpx.get(url), httpx.get(url + "x")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script" not in policy
        assert "<script" not in answer.text
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_pdf_is_archived_and_the_same_ever_after(desk: Desk, url: str) -> None:
    first = httpx.get(f"{url}/pdf")
    assert first.headers["content-type"] == "application/pdf"
    pay(desk, "862.75")
    desk.at("2025-03-01")
    changed = {"id": "nordlicht", "name": "Taken Over GmbH", "address": {"country": "DE"}}
    desk.post("/customers", changed)
    assert httpx.get(f"{url}/pdf").content == first.content
    [invoice] = invoice_ids(desk)
    assert desk.get(f"/invoices/{invoice}/pdf").content == first.content
    with desk.runtime.transaction(desk.scope) as tx:
        kept = papers.archived(tx, invoice)
    assert kept is not None
    assert sha256(kept).digest() == sha256(first.content).digest()


def test_two_first_fetches_at_once_get_the_same_bytes(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _each: httpx.get(f"{url}/pdf").content, range(4)))
    assert len(set(answers)) == 1


def test_an_invoice_says_what_was_true_when_it_was_issued(desk: Desk, url: str) -> None:
    before = httpx.get(url).text
    assert "Halden Cloud GmbH" in before
    changed = {"id": "nordlicht", "name": "Taken Over GmbH", "address": {"country": "DE"}}
    desk.post("/customers", changed)
    after = httpx.get(url).text
    assert "Taken Over" not in after
    assert "Nordlicht Verlag" in after


def test_a_draft_has_no_page(desk: Desk) -> None:
    [draft] = invoice_ids(desk)
    with desk.runtime.transaction(desk.scope) as tx:
        secret = tenants.link_secret(tx)
    token = token_of(secret, tenant_id=desk.scope.tenant_id, invoice_id=draft)
    assert desk.http.get(f"/i/{token}").status_code == 404


def test_every_altered_link_looks_the_same(desk: Desk, url: str, database: Database) -> None:
    token = url.rsplit("/", 1)[1]
    named, _, signature = token.partition(".")
    stranger = new_sandbox(database)
    with desk.runtime.transaction(stranger) as tx:
        foreign = tenants.link_secret(tx)
    tokens = [
        token[:-1],
        token + "A",
        token + "=",
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        named,
        f"{named}.",
        f".{signature}",
        token.upper(),
        "x",
        "é",
        "%00",
        "A" * 2000,
        token_of(foreign, tenant_id=desk.scope.tenant_id, invoice_id=InvoiceId("inv_1")),
        token_of(foreign, tenant_id=stranger.tenant_id, invoice_id=invoice_ids(desk)[0]),
        token_of(foreign, tenant_id="nobody", invoice_id=InvoiceId("inv_1")),
    ]
    base = url.removesuffix(token)
    seen = set()
    for altered in tokens:
        for path in (f"{base}{altered}", f"{base}{altered}/pdf"):
            answer = httpx.get(path)
            assert answer.status_code == 404, path
            nonce = answer.headers["content-security-policy"].split("nonce-")[1].split("'")[0]
            seen.add(answer.text.replace(nonce, ""))
    assert len(seen) == 1
    assert "HDE" not in seen.pop()


def test_a_token_is_genuine_only_to_the_letter() -> None:
    secret, invoice = b"s" * 32, InvoiceId("inv_01abc")
    token = token_of(secret, tenant_id="env/1", invoice_id=invoice)
    named = read_token(token)
    assert named is not None
    assert (named.tenant_id, named.invoice_id) == ("env/1", invoice)
    assert is_genuine(token, named, secret)
    assert not is_genuine(token, named, b"t" * 32)
    for at in range(len(token)):
        for sign in "A9-_.":
            altered = token[:at] + sign + token[at + 1 :]
            if altered == token:
                continue
            other = read_token(altered)
            assert other is None or not is_genuine(altered, other, secret)


def test_a_line_billed_for_many_months_shows_its_whole_product(desk: Desk) -> None:
    desk.sign("larkspur-2025.yaml")
    desk.post("/billing-runs")
    [draft] = invoice_ids(desk, customerId="larkspur")
    page = httpx.get(str(desk.issued(draft)["hostedUrl"]))
    assert "40 × $45.00 × 12" in page.text
