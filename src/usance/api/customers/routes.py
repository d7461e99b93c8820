"""Customers: who buys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.catalog.wire import LowerCurrency
from usance.api.envelope import Cursors, Instant, Page, Single, Wire
from usance.api.fields import AddressWire, Metadata, PathId, Ref, TaxIdWire, called
from usance.api.filters import Created
from usance.api.invoices.wire import UpcomingInvoice
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.documents.particulars import customer_from, plain_customer
from usance.domain.customer import BillTo, Customer
from usance.domain.ids import CustomerId
from usance.flows.import_customers import import_customers
from usance.flows.preview_billing import upcoming_invoices
from usance.flows.restore_customer import restore_customer
from usance.flows.set_up_company import archive_customer, save_customer
from usance.flows.update_customer import update_customer as change_customer
from usance.store import parties
from usance.store.database import Row
from usance.store.parties import WantedCustomers

NAMES = {"customerId": "id"}  # the notation's name of a field, and the wire's

router = resource("customers", tag="Customers")


class Particulars(Wire):
    """What may be said of a customer."""

    name: str | None = Field(default=None, max_length=255, examples=["Nordlicht Verlag GmbH"])
    email: str | None = Field(default=None, examples=["rechnung@nordlicht.example"])
    address: AddressWire | None = None
    tax_ids: list[TaxIdWire] | None = Field(default=None, max_length=20)
    locale: str | None = Field(
        default=None, description="The language of its documents.", examples=["de-DE"]
    )
    exemption: str | None = Field(
        default=None, description="Why no tax is due whatever the place; printed."
    )
    credit_application: Literal["AUTOMATIC", "MANUAL"] | None = Field(
        default=None, description="Whether its credit pays its invoices; as its seller has it."
    )
    metadata: Metadata | None = None
    parent_id: Ref | None = Field(
        default=None, description="The account it belongs to.", examples=["nordlicht-holding"]
    )
    bill_to: BillTo | None = Field(
        default=None, description="Whose invoices carry what it buys; SELF without it."
    )
    billing_id: str | None = Field(
        default=None, max_length=255, description="What another system calls it."
    )
    billing_currency: LowerCurrency | None = None
    timezone: str | None = Field(default=None, examples=["Europe/Berlin"])
    language: str | None = Field(default=None, description="Another name of `locale`.")
    coupon_id: Ref | Literal[""] | None = Field(
        default=None, description="Taken off all of its subscriptions; empty or null clears."
    )


class CustomerBody(Particulars):
    """A customer, new or replaced."""

    id: Ref = Field(examples=["nordlicht"])


class CustomerPatch(Particulars):
    """What changes; null clears."""


class ImportedCustomer(Wire):
    """A customer from elsewhere; what is left out stays as it was."""

    id: Ref
    billing_id: str | None = Field(default=None, max_length=255)
    name: str | None = Field(default=None, max_length=255)
    email: str | None = None
    metadata: Metadata | None = None


class ImportBody(Wire):
    """Customers from elsewhere."""

    customers: list[ImportedCustomer] = Field(min_length=1, max_length=1000)


class ImportedWire(Wire):
    """Those that were not known before."""

    new_customers: list[str]


class ResourceWire(Wire):
    """A part of a customer, such as a workspace, with subscriptions of its own."""

    id: str
    created_at: Instant
    updated_at: Instant


class CustomerWire(Particulars):
    """A customer."""

    id: str
    created_at: Instant
    updated_at: Instant
    archived_at: Instant | None


@router.post("", operation_id="createCustomer", summary="Create a customer", status_code=201)
def create_customer(caller: Asked, body: CustomerBody, response: Response) -> Single[CustomerWire]:
    """One of that id that exists is replaced, and no longer archived; then it answers 200."""
    customer = _customer({"name": body.id, **_sent(body)})
    with caller.transaction() as tx:
        if parties.has_customer(tx, customer.id):
            response.status_code = 200
    save_customer(caller.runtime, caller.scope, customer)
    return _one(caller, customer.id)


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
    return Page(data=[_wire(row) for row in shown], pagination=cursors)


@router.post("/import", operation_id="importCustomers", summary="Import customers")
def import_many(caller: Asked, body: ImportBody) -> Single[ImportedWire]:
    """New ones are created, known ones take what is sent; all or none."""
    with called(NAMES):
        new = import_customers(caller.runtime, caller.scope, [_sent(e) for e in body.customers])
    return Single(data=ImportedWire(new_customers=list(new)))


@router.get("/{id}", operation_id="getCustomer", summary="Read a customer")
def get_customer(caller: Asked, id: PathId) -> Single[CustomerWire]:
    """Archived or not."""
    return _one(caller, CustomerId(id))


@router.patch("/{id}", operation_id="updateCustomer", summary="Change a customer")
def update_customer(caller: Asked, id: PathId, body: CustomerPatch) -> Single[CustomerWire]:
    """Only what is sent changes; `metadata`, `address` and `taxIds` are replaced whole."""
    with called(NAMES):
        change_customer(caller.runtime, caller.scope, CustomerId(id), _sent(body))
    return _one(caller, CustomerId(id))


@router.post("/{id}/archive", operation_id="archiveCustomer", summary="Archive a customer")
def archive(caller: Asked, id: PathId) -> Single[CustomerWire]:
    """Out of the lists; its contracts run on."""
    archive_customer(caller.runtime, caller.scope, CustomerId(id))
    return _one(caller, CustomerId(id))


@router.post("/{id}/unarchive", operation_id="unarchiveCustomer", summary="Restore a customer")
def unarchive(caller: Asked, id: PathId) -> Single[CustomerWire]:
    """Into the lists again."""
    restore_customer(caller.runtime, caller.scope, CustomerId(id))
    return _one(caller, CustomerId(id))


@router.get(
    "/{id}/resources", operation_id="listCustomerResources", summary="List a customer's resources"
)
def resources(caller: Asked, _asked: Paging, id: PathId) -> Page[ResourceWire]:
    """Those that its subscriptions name; none so far names one."""
    with caller.transaction() as tx:
        parties.customer(tx, CustomerId(id))
    return Page(data=[], pagination=Cursors(next=None, prev=None))


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


def _sent(body: Wire) -> dict[str, object]:
    """What was sent, in the notation's names."""
    sent = body.model_dump(by_alias=True, exclude_unset=True)
    if sent.get("name", "") is None:
        del sent["name"]  # there is none in the other system: it stays, or is the id
    if sent.get("couponId") == "":
        sent["couponId"] = None
    if sent.get("billingCurrency") is not None:
        sent["billingCurrency"] = sent["billingCurrency"].upper()
    if "language" in sent:
        sent["locale"] = sent.pop("language")
    return {"customerId" if key == "id" else key: value for key, value in sent.items()}


def _customer(plain: Mapping[str, object]) -> Customer:
    with called(NAMES):
        return customer_from(plain)


def _one(caller: Caller, customer_id: CustomerId) -> Single[CustomerWire]:
    with caller.transaction() as tx:
        row = parties.customer_row(tx, customer_id)
    return Single(data=_wire(row))


def _wire(row: Row) -> CustomerWire:
    customer = parties.customer_from(row.particulars)
    plain = plain_customer(customer)
    if customer.billing_currency is not None:
        plain["billingCurrency"] = customer.billing_currency.lower()
    stamps = {
        "id": plain.pop("customerId"),
        "language": plain["locale"],
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
        "archivedAt": row.archived_at,
    }
    return CustomerWire.model_validate({**plain, **stamps})
