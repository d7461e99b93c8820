"""Checks of customers' tax ids: ask the register, and read what it said."""

from __future__ import annotations

from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import Instant, Single, Wire
from usance.api.fields import PathId, TaxIdWire
from usance.api.route import REPEATS, resource
from usance.domain.ids import CustomerId
from usance.domain.tax.checks import TaxIdCheck
from usance.flows.check_tax_id import check_tax_id
from usance.store import parties, tax_evidence

SHOWN = 100

router = resource("customers", tag="Customers")


class TaxIdCheckWire(Wire):
    """What a register said of a number."""

    tax_id: TaxIdWire
    checked_at: Instant
    is_valid: bool
    consultation: str = Field(description="The register's proof that it was asked, if it gave one.")
    name: str = Field(description="Whom it holds the number for, where it tells.")
    address: str


@router.post(
    "/{id}/tax-id-checks",
    operation_id="checkTaxIds",
    summary="Look up a customer's VAT ids",
    status_code=201,
    openapi_extra={REPEATS: True},
)
def check(caller: Asked, id: PathId) -> Single[list[TaxIdCheckWire]]:
    """Each EU VAT id at VIES; every answer is kept as evidence. 502 when VIES does not answer."""
    made = check_tax_id(caller.runtime, caller.scope, CustomerId(id))
    return Single(data=[_wire(each) for each in made])


@router.get(
    "/{id}/tax-id-checks", operation_id="listTaxIdChecks", summary="Read the checks of VAT ids"
)
def list_checks(caller: Asked, id: PathId) -> Single[list[TaxIdCheckWire]]:
    """The last hundred, newest first."""
    with caller.transaction() as tx:
        parties.customer(tx, CustomerId(id))
        rows = tax_evidence.checks(tx, CustomerId(id), limit=SHOWN)
    return Single(data=[_wire(tax_evidence.check_from(row)) for row in rows])


def _wire(check: TaxIdCheck) -> TaxIdCheckWire:
    return TaxIdCheckWire(
        tax_id=TaxIdWire(kind=check.tax_id.kind, value=check.tax_id.value),
        checked_at=check.checked_at,
        is_valid=check.is_valid,
        consultation=check.consultation,
        name=check.name,
        address=check.address,
    )
