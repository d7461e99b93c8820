"""What can be chosen for a contract: who issues, and how an item is priced."""

from __future__ import annotations

from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import Single, Wire
from usance.api.route import resource
from usance.documents.pricing_models import PRICING_MODELS, RowInput
from usance.store import parties

router = resource("contracts", tag="Contracts")


class PricingModelWire(Wire):
    """A way of pricing a billing item."""

    id: str = Field(examples=["usage-graduated"])
    name: str
    model: str = Field(description="Of the price in the order form's notation.")
    editable_inputs: list[RowInput] = Field(description="Only these may a row carry.")
    is_pay_as_you_go: bool = Field(description="The quantity is counted from usage.")


class IssuerWire(Wire):
    """A legal entity that can issue."""

    id: str
    name: str
    currencies: list[str] = Field(description="Those its bank accounts receive.")


@router.get("/pricing-models", operation_id="listPricingModels", summary="List pricing models")
def list_models(caller: Asked) -> Single[list[PricingModelWire]]:
    """The same in every environment."""
    del caller  # whoever has a key may know
    return Single(
        data=[
            PricingModelWire(
                id=each.id,
                name=each.name,
                model=each.model,
                editable_inputs=list(each.inputs),
                is_pay_as_you_go=each.is_pay_as_you_go,
            )
            for each in PRICING_MODELS
        ]
    )


@router.get("/legal-entities", operation_id="listIssuers", summary="List who can issue")
def list_issuers(caller: Asked) -> Single[list[IssuerWire]]:
    """The environment's legal entities, oldest first."""
    with caller.transaction() as tx:
        found = parties.entities(tx).values()
    return Single(
        data=[
            IssuerWire(
                id=each.id,
                name=each.name,
                currencies=list(dict.fromkeys(one.currency.code for one in each.bank_accounts)),
            )
            for each in found
        ]
    )
