"""Importing exchange rates, and the tax shown by them on what is issued."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.stories.world import World
from usance.documents.paper.invoice_paper import frozen_view
from usance.documents.paper.printed import printed
from usance.domain.errors import Invalid
from usance.domain.fx import FxQuote, FxRateMissing
from usance.domain.ids import LegalEntityId
from usance.domain.invoicing.invoice import InvoiceStatus
from usance.domain.invoicing.issuing import DraftHasErrors
from usance.domain.money import Money, currency
from usance.flows.approve_invoice import DraftChanged
from usance.flows.import_fx_rates import import_fx_rates
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_legal_entity
from usance.store import fx_rates, parties
from usance.store.frozen import parties_of, tax_display_of

pytestmark = pytest.mark.postgres

EUR, USD, PLN = (currency(code) for code in ("EUR", "USD", "PLN"))
NEW_YEAR = date(2024, 12, 31)
QUOTES = [
    FxQuote(EUR, USD, NEW_YEAR, Decimal("1.0389")),
    FxQuote(EUR, PLN, NEW_YEAR, Decimal("4.2750")),
]


def rate(runtime: Runtime, scope: Scope, source: str = "ECB") -> str:
    with runtime.transaction(scope) as tx:
        return fx_rates.around(tx, source, date(2025, 1, 2)).rate(EUR, PLN, NEW_YEAR).text


def test_rates_are_kept_and_the_same_again_adds_nothing(runtime: Runtime, scope: Scope) -> None:
    assert import_fx_rates(runtime, scope, QUOTES, source="ECB") == 2
    assert import_fx_rates(runtime, scope, QUOTES, source="ECB") == 0
    assert import_fx_rates(runtime, scope, [], source="ECB") == 0
    assert rate(runtime, scope) == "4.275"


def test_a_rate_never_changes_silently(runtime: Runtime, scope: Scope) -> None:
    import_fx_rates(runtime, scope, QUOTES, source="ECB")
    other = [FxQuote(EUR, PLN, NEW_YEAR, Decimal("4.3"))]
    with pytest.raises(Invalid, match="as imported before"):
        import_fx_rates(runtime, scope, other, source="ECB")
    assert import_fx_rates(runtime, scope, other, source="ECB", may_restate=True) == 1
    assert rate(runtime, scope) == "4.3"


def test_sources_and_environments_are_apart(
    runtime: Runtime, scope: Scope, other_scope: Scope
) -> None:
    import_fx_rates(runtime, scope, QUOTES, source="NBP")
    for where, source in ((scope, "ECB"), (other_scope, "NBP")):
        with pytest.raises(FxRateMissing):
            rate(runtime, where, source)


@pytest.fixture
def world(runtime: Runtime, scope: Scope) -> World:
    """Halden, whose German company also states its tax in zloty."""
    world = World(runtime, scope).open()
    with runtime.transaction(scope) as tx:
        german = parties.entity(tx, LegalEntityId("halden-de"))
    save_legal_entity(runtime, scope, replace(german, tax_currency=PLN))
    world.sign("""
        12 months from 2025-01-01
        Platform 1,000.00 EUR, monthly in advance
    """)
    return world


def test_the_tax_is_shown_in_the_tax_currency_at_the_rate_of_the_day_of_issue(
    world: World,
) -> None:
    import_fx_rates(world.runtime, world.scope, QUOTES, source="ECB")
    (issued,) = world.send_out()
    shown = tax_display_of(world.one("ISSUED"))
    assert shown is not None
    assert issued.draft.tax == Money(19_000, EUR)
    assert shown.tax == Money(81_225, PLN)  # 190.00 x 4.2750
    assert (shown.day, shown.source) == (NEW_YEAR, "ECB")
    assert issued.draft.gross == Money(119_000, EUR), "what is owed stays what it is"

    later = [FxQuote(EUR, PLN, NEW_YEAR, Decimal(5))]
    import_fx_rates(world.runtime, world.scope, later, source="ECB", may_restate=True)
    assert tax_display_of(world.one("ISSUED")) == shown, "what was issued never changes"


def test_the_paper_names_amount_rate_source_and_day(world: World) -> None:
    import_fx_rates(world.runtime, world.scope, QUOTES, source="ECB")
    world.send_out()
    stored = world.one("ISSUED")
    seller, buyer = parties_of(stored)
    view = frozen_view(
        stored.as_issued(), seller=seller, buyer=buyer, tax_display=tax_display_of(stored)
    )
    note = printed(replace(view, locale="en-GB")).notes[0]
    expected = "VAT in PLN: PLN 812.25, at 1 EUR = 4.275 PLN (ECB, 31 Dec 2024)"
    assert note.replace("\u00a0", " ") == expected


def told(world: World) -> list[tuple[str, str]]:
    """What a reviewer is told of the rate the only draft needs."""
    findings = world.one("DRAFT").draft.findings
    return [(each.severity, each.code) for each in findings if each.path == "taxCurrency"]


def test_without_a_rate_nothing_is_approved(world: World) -> None:
    world.bill()
    assert told(world) == [("ERROR", "FxRateMissing")]
    with pytest.raises(DraftHasErrors):
        world.approve_all()
    import_fx_rates(world.runtime, world.scope, QUOTES, source="ECB")
    with pytest.raises(DraftChanged):
        world.approve_all()
    refresh_drafts(world.runtime, world.scope, [world.one().id])
    assert told(world) == []
    assert len(world.approve_all().issue_all()) == 1


def test_an_old_rate_is_pointed_out(world: World) -> None:
    old = [replace(each, day=each.day - timedelta(days=8)) for each in QUOTES]
    import_fx_rates(world.runtime, world.scope, old, source="ECB")
    world.bill()
    assert told(world) == [("WARNING", "FxRateStale")]


def test_without_a_rate_of_the_day_nothing_is_issued(world: World) -> None:
    import_fx_rates(world.runtime, world.scope, QUOTES, source="ECB")
    world.bill()
    world.approve_all().on("2025-01-31")
    with pytest.raises(FxRateMissing):
        world.issue_all()
    assert world.one().status is InvoiceStatus.APPROVED
    assert world.one().number is None
