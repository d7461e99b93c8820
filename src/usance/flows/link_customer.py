"""Say what a customer is called in other systems: link, change, unlink, or all of it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from usance.domain.customer import Integration, IntegrationLinked
from usance.domain.facts import CustomerUpdated
from usance.domain.ids import CustomerId, IntegrationId
from usance.flows.runtime import Runtime, Scope
from usance.store import customer_links, parties, payers
from usance.store.database import Tx


def link_integration(
    runtime: Runtime, scope: Scope, customer_id: CustomerId, wanted: Integration
) -> Integration:
    """The link; the same again changes nothing. Raises NotFound; IntegrationLinked when the
    customer is another record there.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        held = _held(tx, customer_id).get(wanted.id)

        if held is not None and _names(held) != _names(wanted):
            raise IntegrationLinked(customer_id, held)
        if held is not None and wanted.sync_data in ({}, held.sync_data):
            return held

        _save(runtime, scope, tx, customer_id, [wanted])
    return wanted


def relink_integration(
    runtime: Runtime, scope: Scope, customer_id: CustomerId, wanted: Integration
) -> None:
    """The link, instead of one to another record there; the same again changes nothing.

    Raises NotFound.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        held = _held(tx, customer_id).get(wanted.id)

        if held is None or _names(held) != _names(wanted):
            _save(runtime, scope, tx, customer_id, [wanted])


def update_integration(
    runtime: Runtime,
    scope: Scope,
    customer_id: CustomerId,
    integration_id: IntegrationId,
    *,
    synced_entity_id: str | None,
    sync_data: Mapping[str, str] | None = None,
) -> Integration:
    """The link to that record. `sync_data` None: as it was, of the same record.

    Raises NotFound; Invalid.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        held = customer_links.integration(tx, customer_id, integration_id)

        known = held.sync_data if synced_entity_id == held.synced_entity_id else {}
        changed = replace(
            held,
            synced_entity_id=synced_entity_id,
            sync_data=known if sync_data is None else sync_data,
        )

        if changed != held:
            _save(runtime, scope, tx, customer_id, [changed])
    return changed


def unlink_integration(
    runtime: Runtime, scope: Scope, customer_id: CustomerId, integration_id: IntegrationId
) -> Integration:
    """The link as it was. Raises NotFound."""
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        held = customer_links.integration(tx, customer_id, integration_id)

        customer_links.delete_integrations(tx, customer_id, [integration_id])
        _save(runtime, scope, tx, customer_id, [])
    return held


def replace_integrations(
    runtime: Runtime, scope: Scope, customer_id: CustomerId, wanted: Sequence[Integration]
) -> None:
    """These links and no others; what the last sync said stays of those that name the same record.

    Raises NotFound.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        held = _held(tx, customer_id)

        asked = {each.id: each for each in wanted}
        gone = held.keys() - asked.keys()
        changed = [
            each
            for each in asked.values()
            if each.id not in held or _names(each) != _names(held[each.id])
        ]

        if gone or changed:
            customer_links.delete_integrations(tx, customer_id, gone)
            _save(runtime, scope, tx, customer_id, changed)


def _names(link: Integration) -> tuple[str, str | None]:
    """Whose record it is, and which."""
    return link.vendor, link.synced_entity_id


def _held(tx: Tx, customer_id: CustomerId) -> dict[IntegrationId, Integration]:
    found = customer_links.integrations(tx, [customer_id])[customer_id]
    return {each.id: each for each in found}


def _save(
    runtime: Runtime,
    scope: Scope,
    tx: Tx,
    customer_id: CustomerId,
    changed: Sequence[Integration],
) -> None:
    at = runtime.now(tx)
    for each in changed:
        customer_links.save_integration(tx, customer_id, each, at=at)
    parties.save_customer_touched(tx, customer_id, at=at)
    after = {each.id: each.synced_entity_id for each in _held(tx, customer_id).values()}
    fact = CustomerUpdated(customer_id)
    runtime.note(tx, scope, "customer.integrations", customer_id, fact, after=after)
