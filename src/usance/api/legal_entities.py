"""Legal entities: who sells and issues, and the tax rates they charge."""

from __future__ import annotations

from typing import Literal

from fastapi import Response
from pydantic import Field

from usance.api.approval_rules import EntityRules
from usance.api.caller import Asked, Caller
from usance.api.envelope import Cursors, Page, Single, Wire
from usance.api.fields import (
    AddressWire,
    PathId,
    Ref,
    TaxIdWire,
    TermsBody,
    TermsWire,
    called,
)
from usance.api.receivables_policy import ReceivablesWire
from usance.api.route import resource
from usance.documents.particulars import (
    legal_entity_from,
    plain_legal_entity,
    plain_tax_rate,
    tax_rate_from,
)
from usance.domain.ids import LegalEntityId
from usance.domain.legal_entity import LegalEntity
from usance.flows.set_up_company import save_legal_entity, save_tax_rates
from usance.store import parties

NAMES = {"legalEntityId": "id"}
MAX_RATES = 5000

router = resource("legal-entities", tag="Legal entities")


class BankAccountWire(Wire):
    """Where customers transfer to: an IBAN, or an account number."""

    currency: str = Field(description="What it receives.", examples=["EUR"])
    holder: str
    bank: str
    iban: str | None = None
    account_number: str | None = None
    routing_number: str | None = None
    bic: str | None = None


class TaxRoundingWire(Wire):
    """What of the tax is rounded, and how; left out: as the entity's country does."""

    level: Literal["LINE", "RATE", "DOCUMENT"] | None = None
    mode: Literal["HALF_UP", "HALF_DOWN", "HALF_EVEN", "UP", "DOWN"] | None = None


class Particulars(Wire):
    """What is said of a legal entity."""

    name: str = Field(max_length=255, examples=["Halden Cloud GmbH"])
    address: AddressWire
    zone: str = Field(description="IANA; its days are the days of all it issues.")
    series: str = Field(description="Begins its invoice numbers.", examples=["HDE"])
    locale: str | None = Field(default=None, examples=["de-DE"])
    tax_ids: list[TaxIdWire] | None = Field(default=None, max_length=20)
    registration: str | None = None
    email: str | None = None
    bank_accounts: list[BankAccountWire] | None = Field(default=None, max_length=50)
    accent: str | None = Field(default=None, examples=["#0b6e4f"])
    paper: Literal["a4", "us-letter"] | None = None
    review: EntityRules | None = Field(default=None, description="What its approvers are asked.")
    receivables: ReceivablesWire | None = None
    tax_rounding: TaxRoundingWire | None = None
    tax_currency: str | None = Field(
        default=None, description="Tax is also stated in it.", examples=["GBP"]
    )
    fx_source: Ref | None = Field(
        default=None, description="Whose exchange rates it is stated at; ECB without it."
    )
    tax_service: str | None = Field(
        default=None, description="The tax service asked instead of the entity's own table."
    )


class EntityBody(Particulars):
    """A legal entity, replaced whole."""

    payment_terms: TermsBody | None = None
    logo: str | None = Field(
        default=None, description="PNG, JPEG or SVG as base64, or an SVG as it is; 512 KB at most."
    )


class NewEntityBody(EntityBody):
    """A legal entity, new or replaced."""

    id: Ref = Field(examples=["halden-de"])


class EntityWire(Particulars):
    """A legal entity."""

    id: str
    payment_terms: TermsWire
    has_logo: bool


class RateBody(Wire):
    """One row of the tax table: this code in this place bears so much while it holds.

    Rows of different jurisdictions add up; of one, that of the smallest place counts.
    """

    tax_code: Ref | None = None
    country: str = Field(description="ISO 3166 alpha-2, where the customer is.", examples=["DE"])
    region: str | None = Field(
        default=None, description="ISO 3166-2 without the country.", examples=["NY"]
    )
    postal_prefix: str | None = Field(
        default=None, description="How its postal codes begin.", examples=["100"]
    )
    jurisdiction: str | None = Field(
        default=None, description="Who levies it, as printed.", examples=["New York City"]
    )
    is_compound: bool | None = Field(
        default=None, description="Charged on the other taxes of the line as well."
    )
    percent: str = Field(examples=["19"])
    category: Literal["STANDARD", "ZERO", "EXEMPT"] | None = None
    valid_from: str | None = Field(default=None, examples=["2025-01-01"])
    valid_until: str | None = Field(default=None, description="The first day it holds no more.")


class RatesBody(Wire):
    """The whole table."""

    rates: list[RateBody] = Field(max_length=MAX_RATES)


@router.post("", operation_id="createLegalEntity", summary="Create a legal entity", status_code=201)
def create_entity(caller: Asked, body: NewEntityBody, response: Response) -> Single[EntityWire]:
    """One of that id that exists is replaced (200); issued invoices keep what they say."""
    with caller.transaction() as tx:
        if parties.entities(tx, [body.id]):
            response.status_code = 200
    return _save(caller, body.id, body)


@router.get("", operation_id="listLegalEntities", summary="List legal entities")
def list_entities(caller: Asked) -> Page[EntityWire]:
    """All of them, oldest first."""
    with caller.transaction() as tx:
        found = [_wire(entity) for entity in parties.entities(tx).values()]
    return Page(data=found, pagination=Cursors(next=None, prev=None))


@router.get("/{id}", operation_id="getLegalEntity", summary="Read a legal entity")
def get_entity(caller: Asked, id: PathId) -> Single[EntityWire]:
    """As it is now."""
    with caller.transaction() as tx:
        return Single(data=_wire(parties.entity(tx, LegalEntityId(id))))


@router.put("/{id}", operation_id="putLegalEntity", summary="Create or replace a legal entity")
def put_entity(caller: Asked, id: PathId, body: EntityBody) -> Single[EntityWire]:
    """Replaced whole: without a logo it has none."""
    return _save(caller, id, body)


@router.get("/{id}/tax-rates", operation_id="getTaxRates", summary="Read the tax table")
def get_rates(caller: Asked, id: PathId) -> Single[list[RateBody]]:
    """By tax code, country and day."""
    with caller.transaction() as tx:
        entity = parties.entity(tx, LegalEntityId(id))
        table = parties.tax_tables(tx, [entity.id])[entity.id]
    return Single(data=[RateBody.model_validate(plain_tax_rate(rate)) for rate in table.rates])


@router.put("/{id}/tax-rates", operation_id="putTaxRates", summary="Replace the tax table")
def put_rates(caller: Asked, id: PathId, body: RatesBody) -> Single[list[RateBody]]:
    """Documents keep the rates they were taxed by."""
    plain = body.model_dump(by_alias=True, exclude_unset=True)["rates"]
    rates = [tax_rate_from(rate, f"rates[{index}]") for index, rate in enumerate(plain)]
    save_tax_rates(caller.runtime, caller.scope, LegalEntityId(id), rates)
    return get_rates(caller, id)


def _save(caller: Caller, entity_id: str, body: EntityBody) -> Single[EntityWire]:
    plain = body.model_dump(by_alias=True, exclude_unset=True) | {"legalEntityId": entity_id}
    plain.pop("id", None)
    with called(NAMES):
        entity = legal_entity_from(plain)
    save_legal_entity(caller.runtime, caller.scope, entity)
    return get_entity(caller, entity_id)


def _wire(entity: LegalEntity) -> EntityWire:
    plain = plain_legal_entity(entity)
    told = {"id": plain.pop("legalEntityId"), "hasLogo": plain.pop("logo", None) is not None}
    return EntityWire.model_validate({**plain, **told})
