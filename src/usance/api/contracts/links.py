"""Subscriptions put on a contract and taken off it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from usance.api.caller import Asked
from usance.api.contracts.links_wire import LinksBody, links_by_id, links_of, save_payers
from usance.api.contracts.routes import one
from usance.api.contracts.wire import ContractWire
from usance.api.envelope import Single
from usance.api.fields import PathId
from usance.api.route import resource
from usance.domain.ids import ContractId
from usance.flows.attach_subscriptions import attach_subscriptions
from usance.flows.detach_subscription import detach_subscription

router = resource("contracts", tag="Contracts")


@router.post(
    "/{id}/subscriptions",
    operation_id="attachSubscriptions",
    summary="Put subscriptions on a contract",
)
def attach(caller: Asked, id: PathId, body: LinksBody) -> Single[ContractWire]:
    """Of its customer, to a plan whose pricingType is CUSTOM, each of a product that it does not
    cover yet. All or none; those that are on it already stay as they are.
    """
    links = [*links_of(body.subscriptions), *links_by_id(body.subscription_ids)]
    with caller.transaction() as tx:
        joined = caller.joined(tx)
        attach_subscriptions(joined.runtime, joined.scope, ContractId(id), links)
        save_payers(joined, body.subscriptions)
    return one(caller, ContractId(id))


@router.delete(
    "/{id}/subscriptions/{subscriptionId}",
    operation_id="detachSubscription",
    summary="Take a subscription off a contract",
)
def detach(
    caller: Asked, id: PathId, subscription_id: Annotated[PathId, Path(alias="subscriptionId")]
) -> Single[ContractWire]:
    """It goes on. One that is not on the contract stays as it is."""
    detach_subscription(caller.runtime, caller.scope, ContractId(id), subscription_id)
    return one(caller, ContractId(id))
