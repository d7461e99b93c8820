"""Subscriptions on a contract, as they are sent: to provision, or there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from pydantic import Field

from usance.api.caller import Caller
from usance.api.envelope import Wire
from usance.api.fields import Ref, at, called
from usance.api.subscriptions.bodies import ProvisionBody
from usance.api.subscriptions.reading import PAYER, payer_particulars, provision_request
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import CustomerId
from usance.domain.subscriptions.covering import LinkRequest
from usance.flows.update_customer import update_customer


class LinkBody(Wire):
    """Exactly one of the two."""

    new_subscription: ProvisionBody | None = Field(
        default=None, description="To provision, to a plan whose pricingType is CUSTOM."
    )
    existing_subscription_id: Ref | None = None


class LinksBody(Wire):
    """Subscriptions to put on a contract, beside those that are on it."""

    subscriptions: list[LinkBody] = Field(default=[], max_length=100)
    subscription_ids: list[Ref] = Field(default=[], max_length=100)


def links_of(sent: Sequence[LinkBody]) -> list[LinkRequest]:
    """What is to be put on a contract. Raises Invalid, with the index of what is wrong."""
    return [_link(each, f"subscriptions[{index}]") for index, each in enumerate(sent)]


def links_by_id(ids: Sequence[str]) -> list[LinkRequest]:
    """The same, of subscriptions that are there already."""
    return [
        LinkRequest(f"subscriptionIds[{index}]", existing_id=each) for index, each in enumerate(ids)
    ]


def save_payers(joined: Caller, sent: Sequence[LinkBody]) -> None:
    """Keep what was sent of those who pay for new subscriptions: their address and tax numbers.

    Raises Invalid, with the index of what is wrong.
    """
    for index, each in enumerate(sent):
        new = each.new_subscription
        said = {} if new is None else payer_particulars(new.billing_information)
        if new is not None and said:
            pays = CustomerId(new.paying_customer_id or new.customer_id)
            where = f"subscriptions[{index}].newSubscription"
            at(where, partial(_save_payer, joined, pays, said))


def _save_payer(joined: Caller, pays: CustomerId, said: Mapping[str, object]) -> None:
    with called(PAYER):
        update_customer(joined.runtime, joined.scope, pays, said)


def _link(sent: LinkBody, path: str) -> LinkRequest:
    new, existing_id = sent.new_subscription, sent.existing_subscription_id
    if (new is None) == (existing_id is None):
        expected = "exactly one of newSubscription and existingSubscriptionId"
        raise Invalid(Problem("InvalidSubscription", path, existing_id or "", expected))
    if new is None:
        return LinkRequest(f"{path}.existingSubscriptionId", existing_id=existing_id)
    where = f"{path}.newSubscription"
    return LinkRequest(where, new=at(where, lambda: provision_request(new)))
