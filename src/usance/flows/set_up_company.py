"""Set up who sells: legal entities and their tax rates; and who buys: customers."""

from __future__ import annotations

from collections.abc import Collection

from usance.domain.customer import Customer, parent_problems
from usance.domain.errors import Conflict, refuse_if
from usance.domain.facts import CustomerCreated, CustomerUpdated
from usance.domain.ids import LegalEntityId
from usance.domain.invoicing.issuing import CREDIT_NOTES
from usance.domain.legal_entity import LegalEntity
from usance.domain.plans.coupon import applying_problems
from usance.domain.tax.rates import TaxRate, TaxTable
from usance.flows.runtime import Runtime, Scope
from usance.store import coupons, parties


class SeriesTaken(Conflict):
    """Two legal entities cannot number their invoices in one series."""

    code = "SeriesTaken"


def save_legal_entity(runtime: Runtime, scope: Scope, entity: LegalEntity) -> None:
    """Keep a legal entity, new or changed; issued invoices keep what they say.

    Raises SeriesTaken.
    """
    with runtime.transaction(scope) as tx:
        for other in parties.entities(tx).values():
            if other.id != entity.id and _numbers_alike(other.series, entity.series):
                raise SeriesTaken(f"Series {entity.series!r} is that of {other.id!r}.")

        parties.save_entity(tx, entity, at=runtime.now(tx))
        runtime.note(tx, scope, "legal_entity.saved", entity.id, after={"name": entity.name})


def _numbers_alike(one: str, other: str) -> bool:
    """True when two series would share numbers: ACME-CN is that of the credit notes of ACME."""
    return one == other or f"{one}{CREDIT_NOTES}" == other or one == f"{other}{CREDIT_NOTES}"


def save_tax_rates(
    runtime: Runtime, scope: Scope, entity_id: LegalEntityId, rates: Collection[TaxRate]
) -> None:
    """Replace an entity's rates; documents keep the rates they were taxed by.

    Raises NotFound; Invalid (TaxRateOverlap).
    """
    table = TaxTable(tuple(rates))
    with runtime.transaction(scope) as tx:
        parties.entity(tx, entity_id)

        parties.save_tax_rates(tx, entity_id, table.rates)
        runtime.note(tx, scope, "tax_rates.saved", entity_id, after={"count": len(rates)})


def save_customer(runtime: Runtime, scope: Scope, customer: Customer) -> None:
    """Keep a customer, new or changed. Held drafts follow at their next refresh.

    Raises Invalid: UnknownParent, ParentCycle, CouponNotFound.
    """
    with runtime.transaction(scope) as tx:
        problems = [*parent_problems(customer, parties.lock_above(tx, customer))]
        if (coupon_id := customer.coupon_id) is not None:
            is_active = coupons.is_active(tx, coupon_id)
            problems += applying_problems(coupon_id, is_active=is_active)
        refuse_if(problems)

        is_known = parties.has_customer(tx, customer.id)
        parties.save_customer(tx, customer, at=runtime.now(tx))
        fact = CustomerUpdated(customer.id) if is_known else CustomerCreated(customer.id)
        runtime.note(tx, scope, "customer.saved", customer.id, fact, after={"name": customer.name})
