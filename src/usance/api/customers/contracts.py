"""A customer's contracts, and the invoices it was sent, as Stigg's SDKs know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from usance.api.caller import Asked
from usance.api.catalog.wire import Figure
from usance.api.contracts.routes import rendered
from usance.api.contracts.wire import ContractWire, day_in
from usance.api.envelope import Page, Single, Wire
from usance.api.fields import PathId, words
from usance.api.invoices.neighbours import midnight
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.domain.ids import CustomerId, FeatureId, LineId
from usance.domain.invoicing.invoice import InvoiceLine
from usance.domain.money import total
from usance.flows.plays.preview_subscription import line_discount
from usance.store import customer_invoices, invoices, listings, parties
from usance.store.customer_invoices import InvoiceOrder, WantedInvoices
from usance.store.database import Tx
from usance.store.invoice_rows import StoredInvoice
from usance.store.latest_invoices import PublicState, public_state
from usance.store.listings import Slot

MOST = 1000  # contracts of one customer

router = resource("customers", tag="Customers")

DAY = "A day, or an instant, whose day in UTC counts."


class CustomerInvoiceLine(Wire):
    """A line of an invoice."""

    description: str
    quantity: Figure
    unit_price: Figure | None = Field(description="Null where one price does not tell.")
    amount: Figure = Field(description="Before discounts and tax.")
    product_external_id: str | None = Field(description="The feature, where the line sells one.")


class CustomerInvoice(Wire):
    """An invoice that has its number."""

    invoice_id: str
    invoice_external_id: str = Field(description="Its id, again.")
    invoice_number: str
    contract_external_id: str | None = Field(description="The first contract on it.")
    customer_external_id: str
    state: PublicState
    currency: str = Field(description="ISO 4217, small letters.", examples=["eur"])
    subtotal: Figure = Field(description="Before discounts and tax.")
    discount: Figure = Field(description="What coupons and discounts take off all of its lines.")
    tax: Figure
    total: Figure
    issue_date: str
    due_date: str
    paid_date: str | None
    line_items: list[CustomerInvoiceLine]


@router.get(
    "/{id}/contracts", operation_id="listCustomerContracts", summary="List a customer's contracts"
)
def list_contracts(caller: Asked, id: PathId) -> Single[list[ContractWire]]:
    """All of them, oldest first, each with its last invoice and its next."""
    with caller.transaction() as tx:
        parties.customer(tx, CustomerId(id))
        ids = listings.contract_page(tx, Slot(limit=MOST), customer_id=id)
        return Single(data=rendered(caller, tx, ids))


@router.get(
    "/{id}/invoices", operation_id="listCustomerInvoices", summary="List a customer's invoices"
)
def list_invoices(
    caller: Asked,
    asked: Paging,
    id: PathId,
    *,
    contract_id: Annotated[str | None, Query(alias="contractExternalId", max_length=255)] = None,
    issued_after: Annotated[
        str | None, Query(alias="issuedAfter", max_length=40, description=DAY)
    ] = None,
    issued_before: Annotated[
        str | None, Query(alias="issuedBefore", max_length=40, description=DAY)
    ] = None,
    state_in: Annotated[
        str | None, Query(alias="stateIn", description="OPEN, CANCELED, PAID, joined by commas.")
    ] = None,
    order_by: Annotated[InvoiceOrder, Query(alias="orderBy")] = InvoiceOrder.ISSUED,
    order_dir: Annotated[Literal["ASC", "DESC"], Query(alias="orderDir")] = "ASC",
) -> Page[CustomerInvoice]:
    """Those with a number: no drafts, no credit notes. Both days are included."""
    wanted = WantedInvoices(
        customer_id=CustomerId(id),
        contract_id=contract_id,
        issued_from=day_in(issued_after, "issuedAfter"),
        issued_through=day_in(issued_before, "issuedBefore"),
        states=words(state_in, list(PublicState), "stateIn"),
        order_by=order_by,
        is_descending=order_dir == "DESC",
    )
    slot = Slot(after=asked.after, before=asked.before, limit=asked.and_one)
    with caller.transaction() as tx:
        parties.customer(tx, CustomerId(id))
        ids, cursors = part(customer_invoices.page(tx, wanted, slot), asked, str)
        return Page(data=_rendered(tx, invoices.many(tx, ids)), pagination=cursors)


def _rendered(tx: Tx, found: Sequence[StoredInvoice]) -> list[CustomerInvoice]:
    paid_on = customer_invoices.last_allocated(tx, [each.id for each in found])
    lines = {line.line_id for each in found for line in each.draft.lines}
    features = customer_invoices.features_of(tx, [each for each in lines if each is not None])
    return [_invoice(each, paid_on.get(each.id), features) for each in found]


def _invoice(
    stored: StoredInvoice, allocated_on: date | None, features: Mapping[LineId, FeatureId]
) -> CustomerInvoice:
    issued, draft = stored.as_issued(), stored.draft
    state = public_state(stored.status, gross=draft.gross, allocated=stored.allocated)
    paid_on = allocated_on or issued.issued_on  # one of zero: nothing was left to pay
    discount = total([line_discount(line) for line in draft.lines], draft.currency)
    return CustomerInvoice(
        invoice_id=stored.id,
        invoice_external_id=stored.id,
        invoice_number=issued.number,
        contract_external_id=next((x.contract_id for x in draft.lines if x.contract_id), None),
        customer_external_id=draft.customer_id,
        state=state,
        currency=draft.currency.code.lower(),
        subtotal=(draft.net + discount).amount,
        discount=discount.amount,
        tax=draft.tax.amount,
        total=draft.gross.amount,
        issue_date=midnight(issued.issued_on),
        due_date=midnight(issued.due_on),
        paid_date=midnight(paid_on) if state is PublicState.PAID else None,
        line_items=[_line(line, features) for line in draft.lines],
    )


def _line(line: InvoiceLine, features: Mapping[LineId, FeatureId]) -> CustomerInvoiceLine:
    return CustomerInvoiceLine(
        description=line.description,
        quantity=line.quantity,
        unit_price=line.unit_amount,
        amount=(line.net + line_discount(line)).amount,
        product_external_id=None if line.line_id is None else features.get(line.line_id),
    )
