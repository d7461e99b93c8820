"""Contracts: create, list, read, rename, archive."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Annotated

from fastapi import Query, Response

from usance.api.caller import Asked, Caller
from usance.api.contracts.links_wire import links_by_id, links_of, save_payers
from usance.api.contracts.wire import (
    AsOf,
    ContractBody,
    ContractPatch,
    ContractWire,
    Named,
    day_in,
)
from usance.api.envelope import Page, Single
from usance.api.fields import PathId, called, words
from usance.api.invoices.neighbours import LatestInvoiceWire, NextInvoiceWire
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.documents.order_form import read_order
from usance.domain.contracts.contract import ContractStatus, DraftContract
from usance.domain.contracts.timeline import as_of as taken_by
from usance.domain.ids import ContractId, CustomerId, InvoiceId
from usance.flows.archive_contract import archive_contract
from usance.flows.create_contract import create_contract
from usance.flows.update_contract import update_contract
from usance.store import (
    contract_drafts,
    contract_links,
    contract_subscriptions,
    contracts,
    latest_invoices,
    listings,
    next_invoices,
    timelines,
)
from usance.store.codec import value_from
from usance.store.database import Tx
from usance.store.latest_invoices import LatestInvoice
from usance.store.listings import Slot
from usance.store.next_invoices import NextInvoice

router = resource("contracts", tag="Contracts")


@router.post("", operation_id="createContract", summary="Create a contract", status_code=201)
def create(caller: Asked, body: ContractBody, response: Response) -> Single[ContractWire]:
    """As a DRAFT; an order fulfilled on its id publishes it. With its subscriptions, or not at all.
    Sent again it answers 200, and the contract stays as it is.
    """
    contract_id = ContractId(body.contract_id or caller.runtime.new_id("ctr"))
    with called({"startsOn": "activationStartDate", "endsOn": "activationEndDate"}):
        draft = DraftContract(
            id=contract_id,
            customer_id=CustomerId(body.customer_id),
            name=body.name or body.po_number or contract_id,
            po_number=body.po_number or "",
            starts_on=day_in(body.activation_start_date, "activationStartDate"),
            ends_on=day_in(body.activation_end_date, "activationEndDate"),
            has_billing=body.setup_billing,
        )
    links = links_of(body.subscriptions)
    with caller.transaction() as tx:
        joined = caller.joined(tx)
        if create_contract(joined.runtime, joined.scope, draft, links):
            save_payers(joined, body.subscriptions)
        else:
            response.status_code = 200
    return one(caller, contract_id)


@router.get("", operation_id="listContracts", summary="List contracts")
def list_contracts(
    caller: Asked,
    asked: Paging,
    customer_id: Annotated[str | None, Query(alias="customerExternalId", max_length=255)] = None,
    state: Annotated[
        str | None, Query(description="DRAFT, ACTIVE, END_BILLING, CANCELED, joined by commas.")
    ] = None,
    name: Annotated[str | None, Query(max_length=255)] = None,
) -> Page[ContractWire]:
    """Oldest first."""
    with caller.transaction() as tx:
        ids = listings.contract_page(
            tx,
            Slot(after=asked.after, before=asked.before, limit=asked.and_one),
            customer_id=customer_id,
            statuses=words(state, list(ContractStatus), "state"),
            name=name,
        )
        shown, cursors = part(ids, asked, str)
        return Page(data=rendered(caller, tx, shown, counts_usage=False), pagination=cursors)


@router.get("/{id}", operation_id="getContract", summary="Read a contract")
def get_contract(caller: Asked, id: PathId, as_of: AsOf = None) -> Single[ContractWire]:
    """With its lines and subscriptions; `asOf` a day, past or future, as was agreed by then."""
    contract_id, day = ContractId(id), day_in(as_of, "asOf")
    if day is None:
        return one(caller, contract_id)
    with caller.transaction() as tx:
        stamps = listings.contract_stamps(tx, [contract_id])
        if contract_id in stamps and contract_drafts.drafted(tx, contract_id) is not None:
            return one(caller, contract_id)
        agreed = timelines.agreed(tx, contract_id, read_order)
        sold = _sold_on(caller, tx, [contract_id])
    state = agreed.after(taken_by(agreed.orders, day))
    subscriptions = sold.get(contract_id, [])
    shown = ContractWire.agreed(state, stamps[contract_id], subscriptions, as_of=day)
    return Single(data=shown)


@router.patch("/{id}", operation_id="updateContract", summary="Change a contract")
def update(caller: Asked, id: PathId, body: ContractPatch) -> Single[ContractWire]:
    """Its name and purchase order number; held drafts carry the new number at once. Its days, while
    it is a draft. Its subscriptions, all of them; those that leave it go on.
    """
    ids, sent = body.subscription_ids, body.model_fields_set
    with called({"startsOn": "activationStartDate", "endsOn": "activationEndDate"}):
        update_contract(
            caller.runtime,
            caller.scope,
            ContractId(id),
            name=id if "name" in sent and body.name is None else body.name,
            po_number="" if "po_number" in sent and body.po_number is None else body.po_number,
            starts_on=day_in(body.activation_start_date, "activationStartDate"),
            ends_on=day_in(body.activation_end_date, "activationEndDate"),
            sets_up_billing=body.setup_billing or False,
            links=None if ids is None else links_by_id(ids),
        )
    return one(caller, ContractId(id))


@router.post("/{id}/archive", operation_id="archiveContract", summary="Archive a contract")
def archive(caller: Asked, id: PathId) -> Single[ContractWire]:
    """Nothing more of it is billed, and its subscriptions end. What was issued stays."""
    archive_contract(caller.runtime, caller.scope, ContractId(id))
    return one(caller, ContractId(id))


def one(caller: Caller, contract_id: ContractId) -> Single[ContractWire]:
    """The contract as it is now, in any state. Raises NotFound."""
    with caller.transaction() as tx:
        contracts.stamps(tx, contract_id)
        [shown] = rendered(caller, tx, [contract_id])
    return Single(data=shown)


def rendered(
    caller: Caller, tx: Tx, ids: Collection[ContractId], *, counts_usage: bool = True
) -> list[ContractWire]:
    """Contracts of any state as they travel, in a fixed number of statements.

    Without `counts_usage` there is no next invoice where usage would have to be counted for it.
    """
    stamps = listings.contract_stamps(tx, ids)
    agreed = {contract.id: contract for contract in contracts.many(tx, ids)}
    sold = _sold_on(caller, tx, ids)
    shown = (
        ContractWire.agreed(agreed[each], stamps[each], sold.get(each, []))
        if each in agreed
        else ContractWire.drafted(
            value_from(stamps[each].draft, DraftContract), stamps[each], sold.get(each, [])
        )
        for each in ids
    )
    link, latest = caller.links(tx), latest_invoices.of_contracts(tx, agreed)
    coming = next_invoices.of_contracts(
        tx, agreed.values(), caller.runtime.invoice_id, counts_usage=counts_usage
    )
    return [_beside(each, latest, coming, link) for each in shown]


def _sold_on(caller: Caller, tx: Tx, ids: Collection[ContractId]) -> dict[str, list[Named]]:
    """The subscriptions of each contract as they are now, with the names of plan and product."""
    sold = contract_subscriptions.by_contract(tx, ids, at=caller.runtime.now(tx))
    names = contract_links.names(tx, [each.id for held in sold.values() for each in held])
    return {
        contract_id: [Named(each, names[each.id]) for each in held]
        for contract_id, held in sold.items()
    }


def _beside(
    contract: ContractWire,
    latest: Mapping[ContractId, LatestInvoice],
    coming: Mapping[ContractId, NextInvoice],
    link: Callable[[InvoiceId], str],
) -> ContractWire:
    """The contract with its last invoice and its next."""
    contract_id = ContractId(contract.contract_id)
    last, following = latest.get(contract_id), coming.get(contract_id)
    return contract.model_copy(
        update={
            "latest_invoice": None if last is None else LatestInvoiceWire.of(last, link(last.id)),
            "next_invoice": None if following is None else NextInvoiceWire.of(following),
        }
    )
