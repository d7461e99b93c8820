"""The routes that plans and add-ons have in common, added to the router of either.

Annotations are evaluated here, not kept as text: what a path calls the owner of an entitlement
(`planId`, `addonId`) is known when the routes are made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from usance.api.caller import Asked
from usance.api.catalog.charges_wire import ChargeWire
from usance.api.catalog.entitlements_wire import (
    EntitlementPatch,
    EntitlementsBody,
    EntitlementWire,
)
from usance.api.catalog.package_wire import DiscardedWire, PublishBody, PublishedWire
from usance.api.catalog.packages import (
    PackageRef,
    change_entitlement,
    charges_page,
    entitle,
    entitlements_of,
    newest,
    take_entitlement,
)
from usance.api.envelope import Page, Single
from usance.api.fields import ID_PATTERN, PathId
from usance.api.paging import Paging
from usance.domain.ids import FeatureId, PackageId
from usance.domain.plans.package import PackageKind
from usance.flows.archive_package import archive_package
from usance.flows.discard_draft import discard_draft
from usance.flows.open_draft import open_draft
from usance.flows.publish_package import publish_package
from usance.store.packages import DatedPackage


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A plan or an add-on: what operations (`Plan`) and sentences (`a plan`) call it, what its
    paths call its id (`planId`), and how it travels.
    """

    kind: PackageKind
    name: str
    words: str
    path_id: str
    answer: type[BaseModel]
    wire: Callable[[DatedPackage], BaseModel]

    def ref(self, package_id: str) -> PackageRef:
        """The one of that id."""
        return PackageRef(self.kind, PackageId(package_id))


def add_versions(router: APIRouter, sold: Sold) -> None:
    """Archive it; open, discard and publish drafts."""
    name, words, of = sold.name, sold.words, sold.ref

    @router.post(
        "/{id}/archive",
        operation_id=f"archive{name}",
        summary=f"Archive {words}",
        response_model=sold.answer,
    )
    def archive(caller: Asked, id: PathId) -> Single[BaseModel]:
        """Those who have it keep it. 409 while others on sale name it."""
        archive_package(caller.runtime, caller.scope, *of(id))
        return Single(data=sold.wire(newest(caller, of(id))))

    @router.post(
        "/{id}/draft",
        operation_id=f"create{name}Draft",
        summary=f"Open a draft of {words}",
        status_code=201,
        response_model=sold.answer,
    )
    def draft(caller: Asked, id: PathId) -> Single[BaseModel]:
        """Like the latest version until it is edited; the one that is open, where one is."""
        open_draft(caller.runtime, caller.scope, *of(id))
        return Single(data=sold.wire(newest(caller, of(id))))

    @router.delete(
        "/{id}/draft",
        operation_id=f"remove{name}Draft",
        summary=f"Discard the draft of {words}",
    )
    def discard(caller: Asked, id: PathId) -> Single[DiscardedWire]:
        """What was published before stays as it is."""
        discard_draft(caller.runtime, caller.scope, *of(id))
        return Single(data=DiscardedWire(id=id))

    @router.post(
        "/{id}/publish", operation_id=f"publish{name}", summary=f"Publish the draft of {words}"
    )
    def publish(caller: Asked, id: PathId, body: PublishBody) -> Single[PublishedWire]:
        """From now on it never changes. ALL_CUSTOMERS leaves a task to move subscriptions to it."""
        task_id = publish_package(caller.runtime, caller.scope, *of(id), body.migration_type)
        return Single(data=PublishedWire(task_id=task_id))


def add_contents(router: APIRouter, sold: Sold) -> None:
    """What it costs, and what it entitles to."""
    name, words, of = sold.name, sold.words, sold.ref
    place = f"/{{{sold.path_id}}}/entitlements"
    owner = Path(alias=sold.path_id, pattern=ID_PATTERN, max_length=255)

    @router.get("/{id}/charges", operation_id=f"list{name}Charges", summary=f"What {words} costs")
    def charges(caller: Asked, asked: Paging, id: PathId) -> Page[ChargeWire]:
        """The charges of its newest version, a row a price."""
        return charges_page(caller, of(id), asked, lambda pricing: pricing.charges)

    @router.get(place, operation_id=f"list{name}Entitlements", summary=f"What {words} entitles to")
    def list_entitlements(caller: Asked, owner_id: Annotated[str, owner]) -> Page[EntitlementWire]:
        """Of its newest version, without what it inherits."""
        return entitlements_of(caller, of(owner_id))

    @router.post(
        place,
        operation_id=f"create{name}Entitlements",
        summary=f"Add entitlements to {words}",
        status_code=201,
    )
    def add_entitlements(
        caller: Asked, owner_id: Annotated[str, owner], body: EntitlementsBody
    ) -> Single[list[EntitlementWire]]:
        """To its draft; those that were added."""
        return entitle(caller, of(owner_id), body)

    @router.patch(
        f"{place}/{{id}}",
        operation_id=f"update{name}Entitlement",
        summary=f"Change an entitlement of {words}",
    )
    def update_entitlement(
        caller: Asked, owner_id: Annotated[str, owner], id: PathId, body: EntitlementPatch
    ) -> Single[EntitlementWire]:
        """Of its draft; only what is sent changes."""
        return change_entitlement(caller, of(owner_id), FeatureId(id), body)

    @router.delete(
        f"{place}/{{id}}",
        operation_id=f"delete{name}Entitlement",
        summary=f"Take an entitlement from {words}",
    )
    def delete_entitlement(
        caller: Asked, owner_id: Annotated[str, owner], id: PathId
    ) -> Single[EntitlementWire]:
        """From its draft; the one that was taken."""
        return take_entitlement(caller, of(owner_id), FeatureId(id))
