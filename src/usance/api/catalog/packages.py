"""What the routes of plans and of add-ons share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from usance.api.caller import Caller
from usance.api.catalog.charges_reading import ReadCharges
from usance.api.catalog.charges_wire import ChargeWire, charge_wire
from usance.api.catalog.entitlements_wire import (
    CreditEntitlementPatch,
    EntitlementsBody,
    EntitlementWire,
    FeatureEntitlementPatch,
    changes_of,
    entitlement_wire,
    entitlements_from,
)
from usance.api.catalog.package_wire import PackageBody, PackagePatch, ids, trial_from
from usance.api.catalog.wire import no_credit_currency
from usance.api.envelope import Cursors, Page, Single
from usance.api.fields import words
from usance.api.filters import CreatedBetween
from usance.api.paging import PageAsked, part
from usance.domain.errors import Invalid, NotFound, Problem
from usance.domain.ids import FeatureId, PackageId, ProductId
from usance.domain.plans.charges import Charge
from usance.domain.plans.package import (
    Package,
    PackageKind,
    PackagePricing,
    PackageStatus,
    entitled,
    entitlement_of,
    with_entitlement,
    without_entitlement,
)
from usance.flows.edit_draft import edit_draft
from usance.store import packages, versions_sold
from usance.store.packages import DatedPackage, WantedPackages

Charges = Sequence[Charge]


class PackageRef(NamedTuple):
    """A plan or an add-on, by its id."""

    kind: PackageKind
    id: PackageId


def package_from(kind: PackageKind, body: PackageBody, **more: Any) -> Package:
    """The first draft that was sent. Raises Invalid."""
    return Package(
        kind=kind,
        id=PackageId(body.id),
        product_id=ProductId(body.product_id),
        version=1,
        display_name=body.display_name,
        description=body.description,
        metadata=body.metadata or {},
        billing_id=body.billing_id,
        pricing=PackagePricing(type=body.pricing_type),
        **more,
    )


def listed(
    caller: Caller,
    kind: PackageKind,
    asked: PageAsked,
    created: CreatedBetween,
    **filters: str | None,
) -> tuple[list[DatedPackage], Any]:
    """Those to show, `product_id` and `status` as asked for, and where to go on.

    To a publishable key, only what is published.
    """
    statuses = words(filters["status"], list(PackageStatus), "status")
    wanted = WantedPackages(
        kind=kind,
        product_id=filters["product_id"],
        statuses=caller.statuses(statuses),
        created_from=created.first,
        created_until=created.until,
    )
    with caller.transaction() as tx:
        found = packages.page(
            tx, wanted, after=asked.after, before=asked.before, limit=asked.and_one
        )
    return part(found, asked, lambda dated: dated.package.id)


def newest(caller: Caller, ref: PackageRef) -> DatedPackage:
    """Its draft, or its latest version; to a publishable key, the latest version on sale.

    Raises NotFound.
    """
    with caller.transaction() as tx:
        found = packages.versions(tx, ref.kind, ref.id)
    if caller.sees_drafts:
        return found[0]
    for each in found:
        if each.status is PackageStatus.PUBLISHED:
            return each
    raise NotFound(ref.kind.word, ref.id)


def edit(caller: Caller, ref: PackageRef, patch: PackagePatch) -> None:
    """Change the draft as it was sent. Raises Invalid, NoDraft."""
    changes = _changes(patch)

    def change(draft: Package, at: datetime) -> Package:
        changed = replace(draft, **changes)
        if patch.charges is None:
            return changed
        return ReadCharges(at, caller.runtime.new_id).applied(changed, patch.charges)

    edit_draft(caller.runtime, caller.scope, ref.kind, ref.id, change)


def entitlements_of(caller: Caller, ref: PackageRef) -> Page[EntitlementWire]:
    """All of the newest version, on one page."""
    package = newest(caller, ref).package
    shown = [entitlement_wire(each) for each in package.entitlements]
    return Page(data=shown, pagination=Cursors(next=None, prev=None))


def entitle(
    caller: Caller, ref: PackageRef, body: EntitlementsBody
) -> Single[list[EntitlementWire]]:
    """Add to the draft; those that were added."""

    def change(draft: Package, at: datetime) -> Package:
        return entitled(draft, entitlements_from(body, at=at))

    draft = edit_draft(caller.runtime, caller.scope, ref.kind, ref.id, change)
    added = draft.entitlements[-len(body.entitlements) :]
    return Single(data=[entitlement_wire(each) for each in added])


def change_entitlement(
    caller: Caller,
    ref: PackageRef,
    feature_id: FeatureId,
    patch: FeatureEntitlementPatch | CreditEntitlementPatch,
) -> Single[EntitlementWire]:
    """Of the draft; as it then is. Raises NotFound."""
    if isinstance(patch, CreditEntitlementPatch):
        raise no_credit_currency("id", feature_id)
    changes = changes_of(patch)

    def change(draft: Package, at: datetime) -> Package:
        changed = replace(entitlement_of(draft, feature_id), **changes, updated_at=at)
        return with_entitlement(draft, changed)

    draft = edit_draft(caller.runtime, caller.scope, ref.kind, ref.id, change)
    return Single(data=entitlement_wire(entitlement_of(draft, feature_id)))


def take_entitlement(
    caller: Caller, ref: PackageRef, feature_id: FeatureId
) -> Single[EntitlementWire]:
    """Away from the draft; as it was. Raises NotFound."""
    before = newest(caller, ref).package

    def change(draft: Package, _at: datetime) -> Package:
        return without_entitlement(draft, feature_id)

    edit_draft(caller.runtime, caller.scope, ref.kind, ref.id, change)
    return Single(data=entitlement_wire(entitlement_of(before, feature_id)))


def charges_page(
    caller: Caller, ref: PackageRef, asked: PageAsked, which: Callable[[PackagePricing], Charges]
) -> Page[ChargeWire]:
    """Some of the charges of its newest version, in their order."""
    package = newest(caller, ref).package
    charges = which(package.pricing)
    with caller.transaction() as tx:
        is_used = versions_sold.is_sold(tx, package.kind, package.id, package.version)
    places = {charge.id: place for place, charge in enumerate(charges)}
    if asked.before is not None:
        end = places.get(asked.before, 0)
        found = list(reversed(charges[:end]))[: asked.and_one]
    else:
        start = 0 if asked.after is None else places.get(asked.after, len(charges)) + 1
        found = list(charges[start : start + asked.and_one])
    shown, cursors = part(found, asked, lambda charge: charge.id)
    wires = [charge_wire(each, is_used=is_used) for each in shown]
    return Page(data=wires, pagination=cursors)


SAME_NAMES = ("billing_id", "description", "max_quantity", "metadata", "parent_plan_id")
OF_THE_RULES = {"parent_plan_id": "parent_id"}


def _changes(patch: PackagePatch) -> dict[str, Any]:
    sent = patch.model_fields_set
    changes = {
        OF_THE_RULES.get(name, name): getattr(patch, name) for name in SAME_NAMES if name in sent
    }
    if "metadata" in sent:
        changes["metadata"] = patch.metadata or {}
    if "display_name" in sent:
        if patch.display_name is None:
            raise Invalid(Problem("InvalidName", "displayName", "null", "1 to 255 characters"))
        changes["display_name"] = patch.display_name
    for name, rule in (
        ("compatible_addon_ids", "compatible_addon_ids"),
        ("dependencies", "dependency_ids"),
    ):
        if name in sent:
            changes[rule] = ids(getattr(patch, name))
    if "default_trial_config" in sent:
        changes["trial"] = trial_from(getattr(patch, "default_trial_config"))  # noqa: B009
    return changes
