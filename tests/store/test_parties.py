"""Who sells and who buys, kept and read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.stories.world import World, halden
from usance.domain.errors import NotFound
from usance.domain.ids import CustomerId, LegalEntityId
from usance.flows.runtime import Runtime, Scope
from usance.store import parties

pytestmark = pytest.mark.postgres

AT = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def world(runtime: Runtime, scope: Scope) -> World:
    """Halden, its tax rates and its customers."""
    return World(runtime, scope).open_now()


def test_everything_about_a_company_and_its_customers_comes_back(world: World) -> None:
    company = halden()
    with world.runtime.transaction(world.scope) as tx:
        assert tuple(parties.entities(tx).values()) == company.legal_entities
        tables = parties.tax_tables(tx, [entity.id for entity in company.legal_entities])
        for customer in company.customers:
            assert parties.customer(tx, customer.id) == customer
    for entity_id, rates in company.tax_rates.items():
        assert set(tables[entity_id].rates) == set(rates)


def test_a_company_saved_again_is_changed_not_doubled(world: World) -> None:
    seller = replace(halden().legal_entities[0], name="Renamed, Inc.")
    with world.runtime.transaction(world.scope) as tx:
        parties.save_entity(tx, seller, at=AT)
        assert parties.entity(tx, seller.id) == seller
        assert len(parties.entities(tx)) == 3


def test_tax_rates_are_replaced_as_a_whole(world: World) -> None:
    german = LegalEntityId("halden-de")
    with world.runtime.transaction(world.scope) as tx:
        parties.save_tax_rates(tx, german, halden().tax_rates[german][:1])
        tables = parties.tax_tables(tx, [german, LegalEntityId("halden-jp")])
    assert [rate.percent for rate in tables[german].rates] == [19]
    assert len(tables[LegalEntityId("halden-jp")].rates) == 3


def test_an_archived_customer_leaves_the_list_stays_known_and_comes_back(world: World) -> None:
    larkspur = halden().customers[0]

    def listed() -> list[str]:
        with world.runtime.transaction(world.scope) as tx:
            return [row.id for row in parties.customer_page(tx, after=None, before=None, limit=9)]

    assert larkspur.id in listed()
    with world.runtime.transaction(world.scope) as tx:
        parties.save_customer_archived(tx, larkspur.id, at=AT)
        assert parties.customer(tx, larkspur.id) == larkspur
    assert larkspur.id not in listed()
    with world.runtime.transaction(world.scope) as tx:
        parties.save_customer(tx, larkspur, at=AT)
    assert larkspur.id in listed()


def test_customers_are_paged_by_age_both_ways(world: World) -> None:
    ids = [customer.id for customer in halden().customers]
    with world.runtime.transaction(world.scope) as tx:
        first = parties.customer_page(tx, after=None, before=None, limit=2)
        rest = parties.customer_page(tx, after=first[-1].id, before=None, limit=9)
        back = parties.customer_page(tx, after=None, before=rest[-1].id, limit=2)
    assert [row.id for row in first + rest] == ids
    assert [row.id for row in back] == ids[2:0:-1]


def test_nobody_is_nobody(world: World) -> None:
    with world.runtime.transaction(world.scope) as tx:
        with pytest.raises(NotFound):
            parties.customer(tx, CustomerId("nobody"))
        with pytest.raises(NotFound):
            parties.entity(tx, LegalEntityId("nobody"))
        assert not parties.has_customer(tx, CustomerId("nobody"))
