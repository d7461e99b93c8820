"""Billing items as they travel, in the names Stigg's contract billing has for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from usance.api.contracts.wire import day_in
from usance.api.envelope import CurrencyCode, Quantity, Wire
from usance.api.fields import Ref
from usance.documents.billing_rows import check_rows, model_of
from usance.domain.calendar import Cadence, Unit
from usance.domain.contracts.billing_draft import (
    MAX_ROWS,
    Amends,
    BillingDraft,
    BillingItem,
    BillingRow,
)
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import FeatureId

Number = Annotated[Decimal, Field(max_digits=30, decimal_places=12)]
Days = Annotated[int, Field(ge=0, le=365)]


class BillingRowBody(Wire):
    """One row; only the inputs that its pricing model has."""

    quantity: Number | None = None
    price: Number | None = None
    start: Number | None = Field(default=None, alias="from", description="Of a tier.")
    end: Number | None = Field(default=None, alias="to", description="The last has none.")
    package_size: Number | None = None

    def row(self) -> BillingRow:
        """As it is kept."""
        return BillingRow(
            quantity=self.quantity,
            price=self.price,
            start=self.start,
            end=self.end,
            package_size=self.package_size,
        )


Rows = Annotated[list[BillingRowBody], Field(min_length=1, max_length=MAX_ROWS)]


class BillingItemBody(Wire):
    """What is to be billed. Without a cycle: once, on the contract's first day."""

    name: str = Field(max_length=255, examples=["Platform"])
    external_id: Ref | None = Field(default=None, description="Yours; it is the item's ref.")
    item_name: str | None = Field(default=None, max_length=255, description="Shown, if given.")
    pricing_model_id: str = Field(max_length=50, examples=["flat-fee"])
    rows: Rows
    billing_cycle_unit: Literal["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"] | None = None
    billing_cycle_count: int = Field(default=1, ge=1, le=1200)
    discount: Number | None = Field(default=None, ge=0, le=100, description="Percent.")
    tax: Ref | None = Field(default=None, description="A tax code; amounts follow from it.")
    net_terms: Days | None = Field(default=None, description="The same for all items.")
    separate_invoice: bool = False
    feature_id: Ref | None = Field(
        default=None, description="Whose usage is counted; left out, the external id names it."
    )

    def item(self, path: str, new_ref: Callable[[], str]) -> BillingItem:
        """As it is kept. Raises Invalid with what its pricing model does not have."""
        model = model_of(self.pricing_model_id, f"{path}.pricingModelId")
        rows = tuple(row.row() for row in self.rows)
        check_rows(model, rows, f"{path}.rows")
        unit, feature = self.billing_cycle_unit, self.feature_id
        if model.is_pay_as_you_go:
            feature = feature or self.external_id
            if unit is None:
                expected = "how often usage is billed"
                raise Invalid(Problem("MissingField", f"{path}.billingCycleUnit", "", expected))
        return BillingItem(
            ref=self.external_id or new_ref(),
            name=self.item_name or self.name,
            external_id=self.external_id or "",
            model_id=model.id,
            rows=rows,
            cycle=None if unit is None else Cadence(self.billing_cycle_count, Unit(unit)),
            feature_id=None if feature is None else FeatureId(feature),
            discount_percent=self.discount,
            tax_code=self.tax or "standard",
            is_separate=self.separate_invoice,
        )


class BillingTermsBody(Wire):
    """What holds for all items; only what is given changes."""

    currency: CurrencyCode | None = Field(default=None, max_length=3)
    activation_start_date: str | None = Field(default=None, max_length=40)
    activation_end_date: str | None = Field(
        default=None, max_length=40, description="The first day not included."
    )
    net_terms: Days | None = None


class BillingItemsBody(Wire):
    """More items, and what holds for all of them."""

    line_items: list[BillingItemBody] = Field(min_length=1, max_length=100)
    currency: CurrencyCode | None = Field(default=None, max_length=3)
    legal_entity_id: Ref | None = None
    activation_start_date: str | None = Field(default=None, max_length=40)
    activation_end_date: str | None = Field(default=None, max_length=40)

    def terms(self) -> BillingTermsBody:
        """What of it holds for all items. Raises Invalid (NetTermsDiffer)."""
        net = {item.net_terms for item in self.line_items if item.net_terms is not None}
        if len(net) > 1:
            expected = "the same for all items: payment terms are the contract's"
            value = ", ".join(map(str, sorted(net)))
            raise Invalid(Problem("NetTermsDiffer", "lineItems[0].netTerms", value, expected))
        return BillingTermsBody(
            currency=self.currency,
            activation_start_date=self.activation_start_date,
            activation_end_date=self.activation_end_date,
            net_terms=next(iter(net), None),
        )


class BillingRowsBody(Wire):
    """Rows in the place of an item's."""

    rows: Rows


class BillingSettingsBody(Wire):
    """Who issues. Account and note are kept for people; papers show the entity's own accounts."""

    legal_entity_id: Ref | None = None
    payment_account_id: str | None = Field(default=None, max_length=255)
    note: str | None = Field(default=None, max_length=2000)


class EditActiveBody(Wire):
    """From when on what is changed counts."""

    include_current_invoice: bool = Field(
        default=False, description="From the start of the billing period under way, not today."
    )


class BillingRowWire(Wire):
    """One row and its place."""

    row_index: int
    quantity: Quantity | None
    price: Quantity | None
    start: Quantity | None = Field(alias="from")
    end: Quantity | None = Field(alias="to")
    package_size: Quantity | None


class BillingItemWire(Wire):
    """An item; one whose price no pricing model has carries no rows, and stays as it is."""

    item_ref: str
    name: str
    external_id: str | None
    pricing_model_id: str | None
    rows: list[BillingRowWire]
    billing_cycle_unit: str | None
    billing_cycle_count: int | None
    feature_id: str | None
    discount: Quantity | None
    tax: str
    separate_invoice: bool
    is_new: bool


class BillingDraftWire(Wire):
    """What is collected and not published yet."""

    contract_id: str
    amends_from: Amends | None = Field(description="Of a contract that runs, from which day on.")
    currency: CurrencyCode | None
    legal_entity_id: str | None
    payment_account_id: str | None
    note: str | None
    activation_start_date: str | None
    activation_end_date: str | None
    net_terms: int | None
    line_items: list[BillingItemWire]

    @classmethod
    def of(cls, contract_id: str, draft: BillingDraft) -> BillingDraftWire:
        """As it travels."""
        start, end = draft.starts_on, draft.ends_on
        return cls(
            contract_id=contract_id,
            amends_from=draft.amends,
            currency=draft.currency,
            legal_entity_id=draft.legal_entity_id,
            payment_account_id=draft.payment_account_id or None,
            note=draft.note or None,
            activation_start_date=None if start is None else start.isoformat(),
            activation_end_date=None if end is None else end.isoformat(),
            net_terms=draft.net_days,
            line_items=[_item(item) for item in draft.items],
        )


def changed_terms(draft: BillingDraft, body: BillingTermsBody) -> dict[str, object]:
    """The fields of the draft that the body changes.

    Raises Invalid (InvalidDate, StartIsAgreed, CurrencyMismatch).
    """
    start = day_in(body.activation_start_date, "activationStartDate")
    end = day_in(body.activation_end_date, "activationEndDate")
    if draft.amends is not None and start not in (None, draft.starts_on):
        expected = f"{draft.starts_on}, on which it began"
        raise Invalid(Problem("StartIsAgreed", "activationStartDate", str(start), expected))
    if draft.amends is not None and body.currency not in (None, draft.currency):
        expected = f"{draft.currency}, in which it was agreed"
        raise Invalid(Problem("CurrencyMismatch", "currency", str(body.currency), expected))
    said = {
        "currency": body.currency,
        "starts_on": start,
        "ends_on": end,
        "net_days": body.net_terms,
    }
    return {name: value for name, value in said.items() if value is not None}


def _item(item: BillingItem) -> BillingItemWire:
    return BillingItemWire(
        item_ref=item.ref,
        name=item.name,
        external_id=item.external_id or None,
        pricing_model_id=item.model_id or None,
        rows=_rows(item.rows),
        billing_cycle_unit=None if item.cycle is None else item.cycle.unit.value,
        billing_cycle_count=None if item.cycle is None else item.cycle.count,
        feature_id=item.feature_id,
        discount=_text(item.discount_percent),
        tax=item.tax_code,
        separate_invoice=item.is_separate,
        is_new=item.is_new,
    )


def _rows(rows: Sequence[BillingRow]) -> list[BillingRowWire]:
    return [
        BillingRowWire.model_validate(
            {
                "rowIndex": index,
                "quantity": _text(row.quantity),
                "price": _text(row.price),
                "from": _text(row.start),
                "to": _text(row.end),
                "packageSize": _text(row.package_size),
            }
        )
        for index, row in enumerate(rows)
    ]


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
