"""Checking VAT ids: what the register said is kept, and silence is no answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from tests.domain.tax.parties import buyer, seller
from tests.providers.doubles import Service, service
from usance.domain.customer import Customer, TaxId
from usance.domain.errors import NotFound
from usance.domain.ids import CustomerId
from usance.flows.check_tax_id import NoTaxIdToCheck, check_tax_id
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer, save_legal_entity
from usance.providers.errors import ProviderError
from usance.providers.vies import Vies
from usance.store import tax_evidence

pytestmark = pytest.mark.postgres

FRENCH, GERMAN = "FR40303265045", "DE136695976"
REWRITE = "UPDATE tax_id_checks SET is_valid = true WHERE tenant_id = %(tenant_id)s"
VALID = {"isValid": True, "userError": "VALID", "name": "SA ACME", "requestIdentifier": "W-1"}


@pytest.fixture
def vies() -> Iterator[Service]:
    """A register that knows every number."""
    with service(VALID) as played:
        yield played


@pytest.fixture
def asking(runtime: Runtime, vies: Service) -> Runtime:
    """The outside, with that register."""
    return replace(runtime, tax_id_register=Vies(vies.url))


def known(runtime: Runtime, scope: Scope, *vat_ids: str) -> Customer:
    """A customer with those VAT ids, kept; and a seller with a German one."""
    sells = replace(seller(), tax_ids=(TaxId("eu_vat", GERMAN),))
    buys = buyer("FR", vat_ids=vat_ids)
    save_legal_entity(runtime, scope, sells)
    save_customer(runtime, scope, buys)
    return buys


def kept(runtime: Runtime, scope: Scope, customer: Customer) -> list[tuple[str, bool, str]]:
    """The evidence, newest first: number, verdict, proof."""
    with runtime.transaction(scope) as tx:
        rows = tax_evidence.checks(tx, customer.id, limit=10)
    return [(row.value, row.is_valid, row.consultation) for row in rows]


def test_each_number_is_looked_up_in_our_name_and_kept_with_its_proof(
    asking: Runtime, scope: Scope, vies: Service
) -> None:
    customer = known(asking, scope, FRENCH, GERMAN)
    made = check_tax_id(asking, scope, customer.id)
    assert [(one.tax_id.value, one.is_valid, one.name) for one in made] == [
        (FRENCH, True, "SA ACME"),
        (GERMAN, True, "SA ACME"),
    ]
    assert sorted(kept(asking, scope, customer)) == [(GERMAN, True, "W-1"), (FRENCH, True, "W-1")]
    assert all("requesterMemberStateCode=DE" in path for path, _ in vies.asked)


def test_the_last_check_of_a_number_is_the_one_drafting_reads(
    asking: Runtime, scope: Scope, vies: Service
) -> None:
    customer = known(asking, scope, FRENCH)
    check_tax_id(asking, scope, customer.id)
    vies.says({"isValid": False, "userError": "INVALID"})
    check_tax_id(asking, scope, customer.id)
    with asking.transaction(scope) as tx:
        (last,) = tax_evidence.last_checks(tx, [customer.id])[customer.id]
    assert not last.is_valid
    assert len(kept(asking, scope, customer)) == 2


def test_a_register_that_is_away_leaves_no_evidence(
    asking: Runtime, scope: Scope, vies: Service
) -> None:
    customer = known(asking, scope, FRENCH)
    vies.says({"isValid": False, "userError": "MS_UNAVAILABLE"})
    with pytest.raises(ProviderError):
        check_tax_id(asking, scope, customer.id)
    assert kept(asking, scope, customer) == []


def test_a_customer_without_a_vat_id_has_nothing_to_check(asking: Runtime, scope: Scope) -> None:
    customer = known(asking, scope)
    with pytest.raises(NoTaxIdToCheck):
        check_tax_id(asking, scope, customer.id)
    with pytest.raises(NotFound):
        check_tax_id(asking, scope, CustomerId("nobody"))


def test_evidence_is_not_rewritten(asking: Runtime, scope: Scope) -> None:
    check_tax_id(asking, scope, known(asking, scope, FRENCH).id)
    with (
        pytest.raises(psycopg.errors.RestrictViolation, match="append-only"),
        asking.transaction(scope) as tx,
    ):
        tx.run(REWRITE)
