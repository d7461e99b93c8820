"""What a customer is called in connected systems: one record of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from usance.api.caller import Asked
from usance.api.customers.wire import CustomerIntegration, IntegrationBody
from usance.api.envelope import Page, Single, Wire
from usance.api.fields import PathId, words
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.domain.customer import Integration, Vendor
from usance.domain.ids import CustomerId, IntegrationId
from usance.flows.link_customer import link_integration, unlink_integration, update_integration
from usance.store import customer_links, parties

router = resource("customers", tag="Customers")

IntegrationPath = Annotated[PathId, Path(alias="integrationId")]


class BillingSync(Wire):
    """What a billing system said of its record."""

    billing_id: str = Field(max_length=255)
    billing_link_url: str = Field(max_length=2000)


class PriceBillingSync(BillingSync):
    """The same, with its group of prices."""

    price_group_package_billing_id: str = Field(max_length=255)


class MarketplaceSync(Wire):
    """What a marketplace said of its record."""

    dimensions: str = Field(max_length=2000)


SyncData = PriceBillingSync | BillingSync | MarketplaceSync


class LinkBody(IntegrationBody):
    """A link to a record there."""

    synced_entity_id: str = Field(max_length=255, description="The customer there.")
    sync_data: SyncData | None = Field(
        default=None, description="What your own sync said; kept and shown as it is."
    )

    def domain(self) -> Integration:
        """As the rules know it. Raises Invalid."""
        return Integration(
            id=IntegrationId(self.id),
            vendor=self.vendor_identifier,
            synced_entity_id=self.synced_entity_id,
            sync_data=_plain(self.sync_data) or {},
        )


class LinkPatch(Wire):
    """The link to another record."""

    synced_entity_id: str | None = Field(max_length=255)
    sync_data: SyncData | None = None


class IntegrationLink(CustomerIntegration):
    """A link to a record."""

    sync_data: SyncData | None = Field(description="What the last sync said; null: none was.")


@router.post(
    "/{id}/integrations",
    operation_id="linkCustomerIntegration",
    summary="Link a customer to a record elsewhere",
    status_code=201,
)
def link(caller: Asked, id: PathId, body: LinkBody) -> Single[IntegrationLink]:
    """The same again changes nothing; another record of the same integration is refused."""
    linked = link_integration(caller.runtime, caller.scope, CustomerId(id), body.domain())
    return Single(data=_wire(linked))


@router.get(
    "/{id}/integrations",
    operation_id="listCustomerIntegrations",
    summary="List what a customer is called elsewhere",
)
def list_integrations(
    caller: Asked,
    asked: Paging,
    id: PathId,
    vendor: Annotated[
        str | None, Query(alias="vendorIdentifier", description="Vendors, joined by commas.")
    ] = None,
) -> Page[IntegrationLink]:
    """In the order of their ids."""
    vendors = words(vendor, list(Vendor), "vendorIdentifier")
    with caller.transaction() as tx:
        parties.customer(tx, CustomerId(id))
        found = customer_links.page(
            tx,
            CustomerId(id),
            vendors=vendors,
            after=asked.after,
            before=asked.before,
            limit=asked.and_one,
        )
    shown, cursors = part(found, asked, lambda each: str(each.id))
    return Page(data=[_wire(each) for each in shown], pagination=cursors)


@router.get(
    "/{id}/integrations/{integrationId}",
    operation_id="getCustomerIntegration",
    summary="Read a link",
)
def get_integration(
    caller: Asked, id: PathId, integration_id: IntegrationPath
) -> Single[IntegrationLink]:
    """With what the last sync said."""
    with caller.transaction() as tx:
        parties.customer(tx, CustomerId(id))
        found = customer_links.integration(tx, CustomerId(id), IntegrationId(integration_id))
    return Single(data=_wire(found))


@router.patch(
    "/{id}/integrations/{integrationId}",
    operation_id="updateCustomerIntegration",
    summary="Link to another record",
)
def update(
    caller: Asked, id: PathId, integration_id: IntegrationPath, body: LinkPatch
) -> Single[IntegrationLink]:
    """What was synced of the record before is forgotten."""
    changed = update_integration(
        caller.runtime,
        caller.scope,
        CustomerId(id),
        IntegrationId(integration_id),
        synced_entity_id=body.synced_entity_id,
        sync_data=_plain(body.sync_data),
    )
    return Single(data=_wire(changed))


@router.delete(
    "/{id}/integrations/{integrationId}",
    operation_id="unlinkCustomerIntegration",
    summary="Remove a link",
)
def unlink(caller: Asked, id: PathId, integration_id: IntegrationPath) -> Single[IntegrationLink]:
    """As it was."""
    gone = unlink_integration(
        caller.runtime, caller.scope, CustomerId(id), IntegrationId(integration_id)
    )
    return Single(data=_wire(gone))


def _plain(sync_data: SyncData | None) -> dict[str, str] | None:
    return None if sync_data is None else sync_data.model_dump(by_alias=True)


def _wire(link: Integration) -> IntegrationLink:
    return IntegrationLink(
        id=link.id,
        vendor_identifier=link.vendor,
        synced_entity_id=link.synced_entity_id,
        sync_data=_sync(link.sync_data),
    )


def _sync(kept: Mapping[str, str]) -> SyncData | None:
    if not kept:
        return None
    if "dimensions" in kept:
        return MarketplaceSync.model_validate(kept)
    if "priceGroupPackageBillingId" in kept:
        return PriceBillingSync.model_validate(kept)
    return BillingSync.model_validate(kept)
