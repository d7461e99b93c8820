"""Collect the billing of a contract item by item, and publish it as an order."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import Path

from usance.api.caller import Asked, Caller
from usance.api.contracts.editing_wire import (
    BillingDraftWire,
    BillingItemsBody,
    BillingRowsBody,
    BillingSettingsBody,
    BillingTermsBody,
    EditActiveBody,
    changed_terms,
)
from usance.api.contracts.routes import one
from usance.api.contracts.wire import ContractWire
from usance.api.envelope import Single
from usance.api.fields import PathId, at, called
from usance.api.route import resource
from usance.documents.billing_rows import check_rows, model_of
from usance.domain.contracts.billing_draft import (
    Amends,
    BillingDraft,
    BillingRow,
    with_items,
    with_rows,
    without_row,
)
from usance.domain.ids import ContractId, LegalEntityId
from usance.domain.money import currency
from usance.flows.edit_billing import Edit, edit_billing, open_billing
from usance.flows.publish_contract import publish_contract
from usance.store import billing_drafts, contracts

NAMES = {"term": "activationStartDate", "termEnd": "activationEndDate", "paymentTerms": "netTerms"}

router = resource("contracts", tag="Contracts")


@router.get("/{id}/billing", operation_id="getContractBilling", summary="What is being edited")
def get_billing(caller: Asked, id: PathId) -> Single[BillingDraftWire]:
    """The items collected and not published yet; empty when nothing is."""
    with caller.transaction() as tx:
        contracts.stamps(tx, ContractId(id))
        draft = billing_drafts.one(tx, ContractId(id))
    return Single(data=BillingDraftWire.of(id, draft))


@router.post(
    "/{id}/billing/items",
    operation_id="addBillingItems",
    summary="Add billing items",
    status_code=201,
)
def add_items(caller: Asked, id: PathId, body: BillingItemsBody) -> Single[BillingDraftWire]:
    """Beside those that are there; nothing is billed of them until they are published."""
    new_ref = partial(caller.runtime.new_id, "itm")
    items = [each.item(f"lineItems[{i}]", new_ref) for i, each in enumerate(body.line_items)]
    terms = body.terms()
    _check_currency(terms.currency)

    def edit(draft: BillingDraft) -> BillingDraft:
        changed = changed_terms(draft, terms)
        if body.legal_entity_id is not None:
            changed["legal_entity_id"] = LegalEntityId(body.legal_entity_id)
        return with_items(replace(draft, **changed), items)  # type: ignore[arg-type]

    return _edited(caller, id, edit)


@router.patch(
    "/{id}/billing/items/{itemRef}", operation_id="repriceBillingItem", summary="Replace its rows"
)
def reprice(
    caller: Asked,
    id: PathId,
    item_ref: Annotated[PathId, Path(alias="itemRef")],
    body: BillingRowsBody,
) -> Single[BillingDraftWire]:
    """All rows of the item; the pricing model stays."""
    rows = tuple(row.row() for row in body.rows)
    return _edited(caller, id, lambda draft: _repriced(draft, item_ref, rows))


@router.delete(
    "/{id}/billing/items/{itemRef}/rows/{rowIndex}",
    operation_id="deleteBillingRow",
    summary="Delete a row",
)
def delete_row(
    caller: Asked,
    id: PathId,
    item_ref: Annotated[PathId, Path(alias="itemRef")],
    row_index: Annotated[int, Path(alias="rowIndex", ge=0, le=10_000)],
) -> Single[BillingDraftWire]:
    """Counted from 0. With its last row the item goes: one that is agreed ends."""
    return _edited(caller, id, lambda draft: without_row(draft, item_ref, row_index))


@router.patch(
    "/{id}/billing/terms", operation_id="setBillingTerms", summary="Days, currency, net terms"
)
def set_terms(caller: Asked, id: PathId, body: BillingTermsBody) -> Single[BillingDraftWire]:
    """Of all items; only what is given changes."""
    _check_currency(body.currency)

    def edit(draft: BillingDraft) -> BillingDraft:
        return replace(draft, **changed_terms(draft, body))  # type: ignore[arg-type]

    return _edited(caller, id, edit)


@router.patch("/{id}/billing/settings", operation_id="setBillingSettings", summary="Who issues")
def set_settings(caller: Asked, id: PathId, body: BillingSettingsBody) -> Single[BillingDraftWire]:
    """Only what is given changes; the legal entity must be there when it is published."""
    said = body.model_dump(exclude_none=True)
    return _edited(caller, id, lambda draft: replace(draft, **said))


@router.post("/{id}/billing/publish", operation_id="publishBilling", summary="Publish billing")
def publish(caller: Asked, id: PathId) -> Single[ContractWire]:
    """What was collected becomes the INITIAL order of a draft contract, or an AMENDMENT of one
    that runs, signed and fulfilled. What is missing is refused by its place in the order form.
    """
    with called(NAMES):
        publish_contract(caller.runtime, caller.scope, ContractId(id))
    return one(caller, ContractId(id))


@router.post(
    "/{id}/billing/edit-active", operation_id="editActiveBilling", summary="Edit while it runs"
)
def edit_active(
    caller: Asked, id: PathId, body: EditActiveBody | None = None
) -> Single[BillingDraftWire]:
    """Opens what is agreed as items to be edited. Published, they amend the contract from today
    on, or from the start of the billing period under way; what was issued stays.
    """
    is_current = body is not None and body.include_current_invoice
    amends = Amends.CURRENT_PERIOD if is_current else Amends.TODAY
    draft = open_billing(caller.runtime, caller.scope, ContractId(id), amends)
    return Single(data=BillingDraftWire.of(id, draft))


def _edited(caller: Caller, contract_id: str, edit: Edit) -> Single[BillingDraftWire]:
    draft = edit_billing(caller.runtime, caller.scope, ContractId(contract_id), edit)
    return Single(data=BillingDraftWire.of(contract_id, draft))


def _repriced(draft: BillingDraft, ref: str, rows: tuple[BillingRow, ...]) -> BillingDraft:
    changed = with_rows(draft, ref, rows)
    check_rows(model_of(draft.item(ref).model_id, "pricingModelId"), rows, "rows")
    return changed


def _check_currency(code: str | None) -> None:
    if code is not None:
        at("currency", lambda: currency(code))
