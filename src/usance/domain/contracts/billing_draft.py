"""Billing edited item by item, before it is published as an order.

Some systems let billing be collected in parts: items with rows of prices, then terms, then
settings. Here that is a draft beside the contract, and nothing is billed from it: publishing makes
an order of it, INITIAL or AMENDMENT, and from there on it is like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from usance.domain.calendar import Cadence
from usance.domain.errors import Invalid, NotAllowedNow, NotFound, Problem
from usance.domain.ids import ContractId, FeatureId, LegalEntityId

MAX_ITEMS = 500
MAX_ROWS = 200


class Amends(StrEnum):
    """From which day on an edited contract bills what was changed."""

    TODAY = "TODAY"
    CURRENT_PERIOD = "CURRENT_PERIOD"  # from the start of the billing period under way


class BillingNotOpen(NotAllowedNow):
    """The billing of a contract that runs is edited after it was opened for that."""

    code = "BillingNotOpen"


class BillingNotSetUp(NotAllowedNow):
    """A contract may only hold subscriptions together, and bill nothing."""

    code = "BillingNotSetUp"

    def __init__(self, contract_id: ContractId) -> None:
        super().__init__(
            f"Contract {contract_id} was created with setupBilling false; "
            "update it with setupBilling true, then edit its billing."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingRow:
    """One row of an item, as its pricing model lets one fill in; `start` and `end` bound a tier."""

    quantity: Decimal | None = None
    price: Decimal | None = None
    start: Decimal | None = None
    end: Decimal | None = None
    package_size: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingItem:
    """What is to be billed: priced by `model_id` with those rows.

    `cycle` None: once. Of an item that is agreed already, `agreed` are its rows as they are, and
    `price` its price in the order form's notation; one whose price no model has carries no rows.
    """

    ref: str
    name: str
    external_id: str = ""
    model_id: str
    rows: tuple[BillingRow, ...]
    cycle: Cadence | None = None
    feature_id: FeatureId | None = None
    discount_percent: Decimal | None = None
    tax_code: str = "standard"
    is_separate: bool = False
    agreed: tuple[BillingRow, ...] | None = None
    price: dict[str, Any] | None = None

    @property
    def is_new(self) -> bool:
        """True until it is agreed by an order."""
        return self.price is None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingDraft:
    """What was collected so far. `ended`: items that were agreed and shall be no more."""

    items: tuple[BillingItem, ...] = ()
    ended: tuple[str, ...] = ()
    currency: str | None = None
    legal_entity_id: LegalEntityId | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    net_days: int | None = None
    payment_account_id: str = ""
    note: str = ""
    amends: Amends | None = None

    def item(self, ref: str) -> BillingItem:
        """The item of that ref. Raises NotFound."""
        for each in self.items:
            if each.ref == ref:
                return each
        raise NotFound("billing item", ref)


def with_items(draft: BillingDraft, added: Sequence[BillingItem]) -> BillingDraft:
    """With more items. Raises Invalid (DuplicateItem, TooManyItems)."""
    known = {item.ref for item in draft.items} | set(draft.ended)
    for index, item in enumerate(added):
        if item.ref in known:
            path, expected = f"lineItems[{index}].externalId", "an id that no other item has"
            raise Invalid(Problem("DuplicateItem", path, item.ref, expected))
        known.add(item.ref)
    if len(known) > MAX_ITEMS:
        expected = f"at most {MAX_ITEMS} items"
        raise Invalid(Problem("TooManyItems", "lineItems", str(len(known)), expected))
    return replace(draft, items=(*draft.items, *added))


def with_rows(draft: BillingDraft, ref: str, rows: tuple[BillingRow, ...]) -> BillingDraft:
    """With these rows in the place of that item's. Raises NotFound, Invalid (ItemNotEditable)."""
    item = draft.item(ref)
    if item.agreed is not None and not item.agreed:
        expected = "an item whose price a pricing model has; amend this one by an order"
        raise Invalid(Problem("ItemNotEditable", "rows", ref, expected))
    changed = replace(item, rows=rows)
    return replace(draft, items=tuple(changed if each is item else each for each in draft.items))


def without_row(draft: BillingDraft, ref: str, index: int) -> BillingDraft:
    """Without one row of an item; without the item, when that was its only one. Raises NotFound."""
    item = draft.item(ref)
    if not 0 <= index < len(item.rows):
        raise NotFound(f"row of billing item {ref}", str(index))
    left = (*item.rows[:index], *item.rows[index + 1 :])
    if left:
        return with_rows(draft, ref, left)
    ended = draft.ended if item.is_new else (*draft.ended, ref)
    items = tuple(each for each in draft.items if each is not item)
    return replace(draft, items=items, ended=ended)


def published(draft: BillingDraft) -> BillingDraft:
    """What is kept once it is agreed: the settings. The rest is the contract's own."""
    return BillingDraft(
        payment_account_id=draft.payment_account_id,
        note=draft.note,
    )
