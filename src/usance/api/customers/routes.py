"""Customers: who buys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Query, Response

from usance.api.caller import Asked, Caller
from usance.api.customers.passthrough import TakenOver, taken_over
from usance.api.customers.wire import (
    CustomerBody,
    CustomerPatch,
    CustomerWire,
    ImportBody,
    ImportedWire,
    ResourceWire,
    links_from,
    method_from,
    rendered,
    sent,
)
from usance.api.envelope import Page, Single
from usance.api.fields import PathId, at, called
from usance.api.filters import Created
from usance.api.invoices.wire import UpcomingInvoice
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.documents.particulars import customer_from
from usance.domain.customer import Customer, Integration, Vendor
from usance.domain.ids import CustomerId, IntegrationId
from usance.domain.payments.method import PaymentMethod
from usance.flows.archive_customer import archive_customer
from usance.flows.attach_payment_method import attach_payment_method, detach_payment_method
from usance.flows.import_customers import import_customers
from usance.flows.link_customer import relink_integration, replace_integrations
from usance.flows.preview_billing import upcoming_invoices
from usance.flows.restore_customer import restore_customer
from usance.flows.set_up_company import save_customer
from usance.flows.update_customer import update_customer as change_customer
from usance.store import customer_resources, parties
from usance.store.parties import WantedCustomers

NAMES = {"customerId": "id"}  # the notation's name of a field, and the wire's
SALESFORCE = IntegrationId("salesforce")

router = resource("customers", tag="Customers")


@router.post("", operation_id="createCustomer", summary="Create a customer", status_code=201)
def create_customer(caller: Asked, body: CustomerBody, response: Response) -> Single[CustomerWire]:
    """One of that id that exists is replaced, and no longer archived; then it answers 200. Its
    integrations and its payment method stay unless others are sent.
    """
    said = sent(body)
    taken = taken_over(body.passthrough, said)
    customer = _customer({"name": body.id, **taken.particulars, **said}, taken)
    with caller.transaction() as tx:
        if parties.has_customer(tx, customer.id):
            response.status_code = 200
        joined = caller.joined(tx)
        save_customer(joined.runtime, joined.scope, customer)
        _attach(joined, customer.id, body, taken)
        _link(joined, customer.id, body)
    return one(caller, customer.id)


@router.get("", operation_id="listCustomers", summary="List customers")
def list_customers(
    caller: Asked,
    asked: Paging,
    created: Created,
    *,
    parent_id: Annotated[
        str | None, Query(alias="parentId", description="Only those that belong to it.")
    ] = None,
    name: Annotated[str | None, Query(description="Only those of this very name.")] = None,
    email: Annotated[str | None, Query(description="Only those of this very address.")] = None,
) -> Page[CustomerWire]:
    """Oldest first, without archived ones."""
    wanted = WantedCustomers(
        parent_id=parent_id,
        name=name,
        email=email,
        created_from=created.first,
        created_until=created.until,
    )
    with caller.transaction() as tx:
        rows = parties.customer_page(
            tx, wanted, after=asked.after, before=asked.before, limit=asked.and_one
        )
        shown, cursors = part(rows, asked, lambda row: str(row.id))
        return Page(data=rendered(tx, {row.id: row for row in shown}), pagination=cursors)


@router.post("/import", operation_id="importCustomers", summary="Import customers")
def import_many(caller: Asked, body: ImportBody) -> Single[ImportedWire]:
    """New ones are created, known ones take what is sent; all or none."""
    with called(NAMES), caller.transaction() as tx:
        joined = caller.joined(tx)
        new = import_customers(joined.runtime, joined.scope, [sent(e) for e in body.customers])
        _hang_on_imported(joined, body)
    return Single(data=ImportedWire(new_customers=list(new)))


@router.get("/{id}", operation_id="getCustomer", summary="Read a customer")
def get_customer(caller: Asked, id: PathId) -> Single[CustomerWire]:
    """Archived or not."""
    return one(caller, CustomerId(id))


@router.patch("/{id}", operation_id="updateCustomer", summary="Change a customer")
def update_customer(caller: Asked, id: PathId, body: CustomerPatch) -> Single[CustomerWire]:
    """Only what is sent changes; `metadata`, `address`, `taxIds` and `integrations` are replaced
    whole.
    """
    customer_id, said = CustomerId(id), sent(body)
    taken = taken_over(body.passthrough, said)
    changes = {**taken.particulars, **said}
    with called(NAMES), taken.called(), caller.transaction() as tx:
        joined = caller.joined(tx)
        if changes:
            change_customer(joined.runtime, joined.scope, customer_id, changes)
        if taken.method is not None:
            attach_payment_method(joined.runtime, joined.scope, customer_id, taken.method)
        _link(joined, customer_id, body)
    return one(caller, customer_id)


@router.post("/{id}/archive", operation_id="archiveCustomer", summary="Archive a customer")
def archive(caller: Asked, id: PathId) -> Single[CustomerWire]:
    """Out of the lists; its contracts run on."""
    archive_customer(caller.runtime, caller.scope, CustomerId(id))
    return one(caller, CustomerId(id))


@router.post("/{id}/unarchive", operation_id="unarchiveCustomer", summary="Restore a customer")
def unarchive(caller: Asked, id: PathId) -> Single[CustomerWire]:
    """Into the lists again."""
    restore_customer(caller.runtime, caller.scope, CustomerId(id))
    return one(caller, CustomerId(id))


@router.get(
    "/{id}/resources", operation_id="listCustomerResources", summary="List a customer's resources"
)
def resources(caller: Asked, asked: Paging, id: PathId) -> Page[ResourceWire]:
    """Those that its subscriptions name, ended ones too, in the order of their ids."""
    customer_id = CustomerId(id)
    with caller.transaction() as tx:
        parties.customer(tx, customer_id)
        found = customer_resources.page(
            tx, customer_id, after=asked.after, before=asked.before, limit=asked.and_one
        )
    shown, cursors = part(found, asked, lambda each: each.id)
    wires = [
        ResourceWire(id=each.id, created_at=each.created_at, updated_at=each.updated_at)
        for each in shown
    ]
    return Page(data=wires, pagination=cursors)


@router.get(
    "/{id}/upcoming-invoices",
    operation_id="listUpcomingInvoices",
    summary="What a customer will be invoiced next",
)
def upcoming(caller: Asked, id: PathId) -> Single[list[UpcomingInvoice]]:
    """The documents of the next day anything falls due, as they would be drafted now."""
    with caller.transaction() as tx:
        parties.customer(tx, CustomerId(id))
    found = upcoming_invoices(caller.runtime, caller.scope, CustomerId(id))
    return Single(data=[UpcomingInvoice.of(draft) for draft in found])


def one(caller: Caller, customer_id: CustomerId) -> Single[CustomerWire]:
    """The customer, archived or not. Raises NotFound."""
    with caller.transaction() as tx:
        [shown] = rendered(tx, {customer_id: parties.customer_row(tx, customer_id)})
    return Single(data=shown)


def _customer(plain: Mapping[str, object], taken: TakenOver) -> Customer:
    with called(NAMES), taken.called():
        return customer_from(plain)


def _link(joined: Caller, customer_id: CustomerId, body: CustomerPatch) -> None:
    if body.integrations is not None:
        links = links_from(body.integrations)
        replace_integrations(joined.runtime, joined.scope, customer_id, links)


def _attach(joined: Caller, customer_id: CustomerId, body: CustomerBody, taken: TakenOver) -> None:
    """The method that was sent, or named in the passthrough; null takes away the one there is."""
    said = body.default_payment_method
    method = taken.method
    if said is not None:
        method = at("defaultPaymentMethod", lambda: method_from(said, said.billing_id))
    if method is not None:
        attach_payment_method(joined.runtime, joined.scope, customer_id, method)
    elif "default_payment_method" in body.model_fields_set:
        detach_payment_method(joined.runtime, joined.scope, customer_id)


def _hang_on_imported(joined: Caller, body: ImportBody) -> None:
    """The payment methods and the records of Salesforce that rows name."""
    connection = None if body.integration_id is None else IntegrationId(body.integration_id)
    for row in body.customers:
        customer_id = CustomerId(row.id)
        if row.payment_method_id:
            method = PaymentMethod(billing_id=row.payment_method_id, integration_id=connection)
            attach_payment_method(joined.runtime, joined.scope, customer_id, method)
        if row.salesforce_id:
            link = Integration(
                id=SALESFORCE, vendor=Vendor.SALESFORCE, synced_entity_id=row.salesforce_id
            )
            relink_integration(joined.runtime, joined.scope, customer_id, link)
