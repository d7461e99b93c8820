"""Taxes in the life of a company: several at once, a tax service, a VAT id that is checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.providers.doubles import Service, service
from tests.stories.world import World, halden
from usance.domain.customer import Address, TaxId
from usance.domain.ids import CustomerId, LegalEntityId
from usance.domain.invoicing.issuing import DraftHasErrors
from usance.domain.rounding import RoundingMode, TaxLevel, TaxRounding
from usance.domain.tax.rates import TaxRate
from usance.flows.approve_invoice import approve_invoice
from usance.flows.ask_tax_service import ask_tax_service
from usance.flows.check_tax_id import check_tax_id
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer, save_legal_entity, save_tax_rates
from usance.providers.vies import Vies
from usance.worker.handlers import ASK_TAX_SERVICE, HANDLERS

pytestmark = pytest.mark.postgres

PLATFORM = """12 months from 2025-01-01
Platform 1,000.10 USD, yearly in advance"""
LIZENZ = """12 months from 2025-01-01
Lizenz 1,000.00 EUR, yearly in advance"""
ENTITIES = {entity.id: entity for entity in halden().legal_entities}
CUSTOMERS = {customer.id: customer for customer in halden().customers}
NEW_YORK = {
    "category": "S",
    "taxes": [
        {"jurisdiction": "New York State", "percent": "4"},
        {"jurisdiction": "New York City", "percent": "4.5"},
    ],
    "reference": "quote-7",
}


@pytest.fixture
def outside() -> Iterator[Service]:
    """A service of others."""
    with service() as played:
        yield played


@pytest.fixture
def world(runtime: Runtime, scope: Scope, outside: Service) -> World:
    """Halden at New Year, with that service as its register of VAT ids."""
    return World(replace(runtime, tax_id_register=Vies(outside.url)), scope).open()


def moves(world: World, customer: str, **more: object) -> None:
    """A customer's particulars change."""
    changed = replace(CUSTOMERS[CustomerId(customer)], **more)  # type: ignore[arg-type]
    save_customer(world.runtime, world.scope, changed)


def taxes_of(world: World) -> list[str]:
    """The tax rows of the only document, as they were kept."""
    return [
        f"{row.jurisdiction} {row.percent:f} of {row.taxable.text}: {row.tax.text}"
        for row in world.one().draft.taxes
    ]


def findings_of(world: World) -> list[str]:
    """What a reviewer is told of the only document about tax."""
    found = world.one().draft.findings
    return [f"{each.severity} {each.code}" for each in found if each.code.startswith("Tax")]


def local(percent: str, name: str, postal: str = "") -> TaxRate:
    """A rate in the state of New York."""
    return TaxRate(
        tax_code="standard",
        country="US",
        region="NY",
        postal_prefix=postal,
        percent=Decimal(percent),
        jurisdiction=name,
    )


def test_state_and_city_each_stand_on_the_invoice_and_come_back_as_they_were(
    world: World,
) -> None:
    seller = LegalEntityId("halden-us")
    rates = [local("4", "New York State"), local("4.5", "New York City", "100")]
    save_tax_rates(world.runtime, world.scope, seller, rates)
    moves(world, "larkspur", address=Address(country="US", region="NY", postal_code="10013"))
    world.sign(PLATFORM)
    world.bill()
    assert taxes_of(world) == [
        "New York City 4.5 of 1000.10: 45.00",
        "New York State 4 of 1000.10: 40.00",
    ]
    (line,) = world.one().draft.lines
    assert [part.text for part in line.tax_parts] == ["40.00", "45.00"]
    assert [each.jurisdiction for each in line.treatment.components] == [
        "New York State",
        "New York City",
    ]
    world.approve_all().issue_all()
    world.audit()


def test_an_entity_rounds_tax_its_own_way(world: World) -> None:
    entity = replace(
        ENTITIES[LegalEntityId("halden-de")],
        tax_rounding=TaxRounding(TaxLevel.LINE, RoundingMode.DOWN),
    )
    save_legal_entity(world.runtime, world.scope, entity)
    world.sign("12 months from 2025-01-01\nLizenz 1.05 EUR, yearly in advance")
    world.bill()
    assert taxes_of(world) == [" 19 of 1.05: 0.19"]
    facts = world.one().draft.lines[0].working.parts[-1].facts
    assert facts["rounding"] == "LINE DOWN"


def asking(world: World, outside: Service) -> World:
    """The American entity asks the tax service from now on."""
    entity = replace(ENTITIES[LegalEntityId("halden-us")], tax_service=f"{outside.url}/quotes")
    save_legal_entity(world.runtime, world.scope, entity)
    return world


def test_a_draft_waits_for_the_tax_service_and_takes_its_answer(
    world: World, outside: Service
) -> None:
    asking(world, outside).sign(PLATFORM)
    world.bill()
    assert findings_of(world) == ["ERROR TaxQuoteMissing"]
    with pytest.raises(DraftHasErrors):
        approve_invoice(world.runtime, world.scope, world.one().id)

    outside.says(NEW_YORK)
    HANDLERS[ASK_TAX_SERVICE](world.runtime, world.scope)
    assert findings_of(world) == []
    assert [row.split(" of ")[0] for row in taxes_of(world)] == [
        "New York City 4.5",
        "New York State 4",
    ]
    assert ask_tax_service(world.runtime, world.scope).waiting == ()
    assert len(outside.asked) == 1, "what is known is not asked again"


def test_one_answer_serves_every_line_alike_and_a_new_address_asks_anew(
    world: World, outside: Service
) -> None:
    outside.says(NEW_YORK)
    asking(world, outside).sign(PLATFORM)
    world.sign(PLATFORM)
    world.bill()
    assert ask_tax_service(world.runtime, world.scope).answered == 1

    moves(world, "larkspur", address=Address(country="US", region="OR"))
    refresh_drafts(world.runtime, world.scope, [each.id for each in world.every()])
    assert ask_tax_service(world.runtime, world.scope).answered == 1


def test_a_service_that_is_away_fails_the_job_and_leaves_the_draft(
    world: World, outside: Service
) -> None:
    asking(world, outside).sign(PLATFORM)
    world.bill()
    outside.says({}, status=503)
    asked = ask_tax_service(world.runtime, world.scope)
    assert [failure.retryable for failure in asked.failures] == [True]
    assert findings_of(world) == ["ERROR TaxQuoteMissing"]


def test_a_checked_vat_id_ends_the_doubt_and_an_unknown_one_stops_the_draft(
    world: World, outside: Service
) -> None:
    moves(
        world,
        "nordlicht",
        address=Address(country="FR"),
        tax_ids=(TaxId("eu_vat", "FR40303265045"),),
    )
    world.sign(LIZENZ)
    world.bill()
    assert findings_of(world) == ["INFO TaxIdUnverified"]

    outside.says({"isValid": False, "userError": "INVALID"})
    check_tax_id(world.runtime, world.scope, CustomerId("nordlicht"))
    refresh_drafts(world.runtime, world.scope, [world.one().id])
    assert findings_of(world) == ["ERROR TaxIdUnverified"]

    world.on("2025-01-02")
    outside.says({"isValid": True, "userError": "VALID"})
    check_tax_id(world.runtime, world.scope, CustomerId("nordlicht"))
    refresh_drafts(world.runtime, world.scope, [world.one().id])
    assert findings_of(world) == []
    assert world.one().draft.lines[0].working.parts[-1].facts["taxId"] == "VERIFIED"
