"""Ask the register whether a customer's VAT ids are registered, and keep what it said."""

from __future__ import annotations

from usance.domain.customer import Customer, TaxId
from usance.domain.errors import NotAllowedNow
from usance.domain.ids import CustomerId
from usance.domain.tax.checks import TaxIdCheck
from usance.flows.runtime import Runtime, Scope
from usance.store import parties, tax_evidence
from usance.store.database import Tx


class NoTaxIdToCheck(NotAllowedNow):
    """The customer has no VAT id of a member state, and no other kind has a register we ask."""

    code = "NoTaxIdToCheck"

    def __init__(self, customer: Customer) -> None:
        super().__init__(f"Customer {customer.id} has no EU VAT id that could be looked up.")


def check_tax_id(runtime: Runtime, scope: Scope, customer_id: CustomerId) -> list[TaxIdCheck]:
    """Look up each of the customer's EU VAT ids; one row of evidence each, kept for good.

    Held drafts follow at their next refresh. Raises NotFound, NoTaxIdToCheck; ProviderError when
    the register does not answer, which says nothing about a number and leaves no row.
    """
    with runtime.transaction(scope) as tx:
        customer = parties.customer(tx, customer_id)
        asked_by = _our_own(tx)
    if not customer.eu_vat_ids():
        raise NoTaxIdToCheck(customer)
    return [_check(runtime, scope, customer_id, each, asked_by) for each in customer.eu_vat_ids()]


def _check(
    runtime: Runtime, scope: Scope, customer_id: CustomerId, tax_id: TaxId, asked_by: TaxId | None
) -> TaxIdCheck:
    said = runtime.tax_id_register.look_up(tax_id, asked_by=asked_by)
    with runtime.transaction(scope) as tx:
        check = TaxIdCheck(
            tax_id=tax_id,
            checked_at=runtime.now(tx),
            is_valid=said.is_valid,
            consultation=said.consultation,
            name=said.name,
            address=said.address,
        )
        check_id = runtime.new_id("tic")
        tax_evidence.append_check(tx, check_id, customer_id, check, answer=said.answer)
        found = {"value": tax_id.value, "isValid": said.is_valid, "check": check_id}
        runtime.note(tx, scope, "tax_id.checked", customer_id, after=found)
    return check


def _our_own(tx: Tx) -> TaxId | None:
    """The VAT id of the oldest of our entities that has one: the register's proof names it."""
    for entity in parties.entities(tx).values():
        for tax_id in entity.tax_ids:
            if tax_id.country is not None:
                return tax_id
    return None
