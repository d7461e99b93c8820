"""Products: created, changed, duplicated, archived with all they offer, restored."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.envelope import Instant, Page, Single, Wire
from usance.api.fields import Metadata, PathId, Ref, words
from usance.api.filters import Created
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.domain.ids import PackageId, ProductId
from usance.domain.plans.product import (
    CancellationTime,
    EndSetup,
    Product,
    ProductSettings,
    ResetCutoff,
    StartSetup,
)
from usance.flows.archive_product import archive_product
from usance.flows.create_product import create_product
from usance.flows.duplicate_product import duplicate_product
from usance.flows.restore_product import restore_product
from usance.flows.update_product import update_product
from usance.store import products
from usance.store.products import DatedProduct, WantedProducts

router = resource("products", tag="Catalogue")

Status = Literal["PUBLISHED", "ARCHIVED"]


class SettingsWire(Wire):
    """The customer's journey: how subscriptions begin and end."""

    subscription_cancellation_time: CancellationTime
    subscription_end_setup: EndSetup
    subscription_start_setup: StartSetup
    downgrade_plan_id: Ref | None = Field(
        default=None, description="With DOWNGRADE_TO_FREE: to which plan."
    )
    prorate_at_end_of_billing_period: bool | None = None
    subscription_start_plan_id: Ref | None = None


class CutoffWire(Wire):
    """Whether usage starts from zero when a subscription is updated."""

    behavior: ResetCutoff


class ProductBody(Wire):
    """A new product."""

    id: Ref = Field(examples=["platform"])
    display_name: str = Field(max_length=255, examples=["Platform"])
    description: str | None = None
    metadata: Metadata | None = None
    multiple_subscriptions: bool = Field(
        default=False, description="Whether a customer may have several, by resource."
    )


class ProductPatch(Wire):
    """What changes; null clears a description or metadata."""

    display_name: str | None = Field(default=None, max_length=255)
    description: str | None = None
    metadata: Metadata | None = None
    multiple_subscriptions: bool | None = None
    product_settings: SettingsWire | None = None
    usage_reset_cutoff_rule: CutoffWire | None = None


class DuplicateBody(Wire):
    """What the copy is called."""

    target_id: Ref = Field(examples=["platform-eu"])
    display_name: str | None = Field(default=None, max_length=255)
    description: str | None = None


class ProductWire(Wire):
    """A product."""

    id: str
    display_name: str
    description: str | None
    metadata: Metadata
    multiple_subscriptions: bool
    status: Status
    product_settings: SettingsWire | None
    usage_reset_cutoff_rule: CutoffWire
    created_at: Instant
    updated_at: Instant


@router.post("", operation_id="createProduct", summary="Create a product", status_code=201)
def create(caller: Asked, body: ProductBody) -> Single[ProductWire]:
    """Without plans yet. One of that id that exists is not replaced: 409."""
    product = Product(
        id=ProductId(body.id),
        display_name=body.display_name,
        description=body.description,
        metadata=body.metadata or {},
        multiple_subscriptions=body.multiple_subscriptions,
    )
    create_product(caller.runtime, caller.scope, product)
    return _one(caller, product.id)


@router.get("", operation_id="listProducts", summary="List products")
def list_products(
    caller: Asked,
    asked: Paging,
    created: Created,
    *,
    id: Annotated[str | None, Query(description="Only the one of this id.")] = None,
    status: Annotated[
        str | None, Query(description="PUBLISHED, ARCHIVED; several joined by commas.")
    ] = None,
) -> Page[ProductWire]:
    """Oldest first, archived ones too; to a publishable key, without those."""
    statuses = words(status, ("PUBLISHED", "ARCHIVED"), "status")
    wanted = WantedProducts(
        id=id,
        statuses=caller.statuses(statuses),
        created_from=created.first,
        created_until=created.until,
    )
    with caller.transaction() as tx:
        found = products.page(
            tx, wanted, after=asked.after, before=asked.before, limit=asked.and_one
        )
    shown, cursors = part(found, asked, lambda dated: dated.product.id)
    return Page(data=[_wire(each) for each in shown], pagination=cursors)


@router.patch("/{id}", operation_id="updateProduct", summary="Change a product")
def update(caller: Asked, id: PathId, body: ProductPatch) -> Single[ProductWire]:
    """Only what is sent changes; `metadata` and `productSettings` are replaced whole."""
    changes: dict[str, object] = {
        name: getattr(body, name)
        for name in ("display_name", "description", "metadata", "multiple_subscriptions")
        if name in body.model_fields_set
    }
    for name, empty in (("metadata", {}), ("multiple_subscriptions", False)):
        if name in changes and changes[name] is None:
            changes[name] = empty
    if changes.get("display_name", "") is None:
        del changes["display_name"]
    if "product_settings" in body.model_fields_set:
        changes["settings"] = _settings(body.product_settings)
    if body.usage_reset_cutoff_rule is not None:
        changes["reset_cutoff"] = body.usage_reset_cutoff_rule.behavior
    update_product(caller.runtime, caller.scope, ProductId(id), changes)
    return _one(caller, ProductId(id))


@router.post("/{id}/archive", operation_id="archiveProduct", summary="Archive a product")
def archive(caller: Asked, id: PathId) -> Single[ProductWire]:
    """With all its plans and add-ons; running subscriptions run on."""
    archive_product(caller.runtime, caller.scope, ProductId(id))
    return _one(caller, ProductId(id))


@router.post("/{id}/unarchive", operation_id="unarchiveProduct", summary="Restore a product")
def unarchive(caller: Asked, id: PathId) -> Single[ProductWire]:
    """With the plans and add-ons that were archived together with it."""
    restore_product(caller.runtime, caller.scope, ProductId(id))
    return _one(caller, ProductId(id))


@router.post(
    "/{id}/duplicate",
    operation_id="duplicateProduct",
    summary="Duplicate a product",
    status_code=201,
)
def duplicate(caller: Asked, id: PathId, body: DuplicateBody) -> Single[ProductWire]:
    """With its plans and add-ons, each called `{targetId}-{its id}`."""
    target = ProductId(body.target_id)
    duplicate_product(
        caller.runtime,
        caller.scope,
        ProductId(id),
        target,
        display_name=body.display_name,
        description=body.description,
    )
    return _one(caller, target)


def _settings(wire: SettingsWire | None) -> ProductSettings | None:
    if wire is None:
        return None
    return ProductSettings(
        cancellation_time=wire.subscription_cancellation_time,
        end_setup=wire.subscription_end_setup,
        start_setup=wire.subscription_start_setup,
        downgrade_plan_id=_plan_id(wire.downgrade_plan_id),
        start_plan_id=_plan_id(wire.subscription_start_plan_id),
        prorate_at_end_of_billing_period=wire.prorate_at_end_of_billing_period,
    )


def _plan_id(ref: str | None) -> PackageId | None:
    return None if ref is None else PackageId(ref)


def _one(caller: Caller, product_id: ProductId) -> Single[ProductWire]:
    with caller.transaction() as tx:
        return Single(data=_wire(products.dated(tx, product_id)))


def _wire(dated: DatedProduct) -> ProductWire:
    product, settings = dated.product, dated.product.settings
    return ProductWire(
        id=product.id,
        display_name=product.display_name,
        description=product.description,
        metadata=dict(product.metadata),
        multiple_subscriptions=product.multiple_subscriptions,
        status="PUBLISHED" if dated.archived_at is None else "ARCHIVED",
        product_settings=None
        if settings is None
        else SettingsWire(
            subscription_cancellation_time=settings.cancellation_time,
            subscription_end_setup=settings.end_setup,
            subscription_start_setup=settings.start_setup,
            downgrade_plan_id=settings.downgrade_plan_id,
            subscription_start_plan_id=settings.start_plan_id,
            prorate_at_end_of_billing_period=settings.prorate_at_end_of_billing_period,
        ),
        usage_reset_cutoff_rule=CutoffWire(behavior=product.reset_cutoff),
        created_at=dated.created_at,
        updated_at=dated.updated_at,
    )
