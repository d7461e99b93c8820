"""Add-ons: drafted, edited, published in versions, archived."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from usance.api.caller import Asked
from usance.api.catalog.package_routes import Sold, add_contents, add_versions
from usance.api.catalog.package_wire import (
    AddonBody,
    AddonPatch,
    AddonWire,
    addon_wire,
)
from usance.api.catalog.packages import (
    edit,
    listed,
    newest,
    package_from,
)
from usance.api.envelope import Page, Single
from usance.api.fields import PathId
from usance.api.filters import Created
from usance.api.paging import Paging
from usance.api.route import resource
from usance.domain.plans.package import PackageKind
from usance.flows.create_package import create_package

router = resource("addons", tag="Catalogue")
SOLD = Sold(
    kind=PackageKind.ADDON,
    name="Addon",
    words="an add-on",
    path_id="addonId",
    answer=Single[AddonWire],
    wire=addon_wire,
)


@router.post("", operation_id="createAddon", summary="Create an add-on", status_code=201)
def create(caller: Asked, body: AddonBody) -> Single[AddonWire]:
    """As a draft. One of that id that exists is not replaced: 409."""
    draft = package_from(PackageKind.ADDON, body, max_quantity=body.max_quantity)
    create_package(caller.runtime, caller.scope, draft)
    return Single(data=addon_wire(newest(caller, SOLD.ref(body.id))))


@router.get("", operation_id="listAddons", summary="List add-ons")
def list_addons(
    caller: Asked,
    asked: Paging,
    created: Created,
    *,
    product_id: Annotated[
        str | None, Query(alias="productId", description="Only those of that product.")
    ] = None,
    status: Annotated[
        str | None, Query(description="DRAFT, PUBLISHED, ARCHIVED; several joined by commas.")
    ] = None,
) -> Page[AddonWire]:
    """Oldest first, each in its newest version: the draft while one is open.

    With `status`, the newest of the versions with such a status.
    """
    shown, cursors = listed(
        caller, PackageKind.ADDON, asked, created, product_id=product_id, status=status
    )
    return Page(data=[addon_wire(each) for each in shown], pagination=cursors)


@router.get("/{id}", operation_id="getAddon", summary="Read an add-on")
def get(caller: Asked, id: PathId) -> Single[AddonWire]:
    """In its newest version: the draft while one is open."""
    return Single(data=addon_wire(newest(caller, SOLD.ref(id))))


@router.patch("/{id}", operation_id="updateAddon", summary="Edit the draft of an add-on")
def update(caller: Asked, id: PathId, body: AddonPatch) -> Single[AddonWire]:
    """Only what is sent changes; lists, `metadata` and `charges` are replaced whole."""
    edit(caller, SOLD.ref(id), body)
    return Single(data=addon_wire(newest(caller, SOLD.ref(id))))


add_versions(router, SOLD)
add_contents(router, SOLD)
