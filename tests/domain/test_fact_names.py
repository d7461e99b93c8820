"""The names of facts: each has one, and nobody else has it."""

from __future__ import annotations

import re
from collections import Counter

from usance.domain import facts
from usance.domain.fact_names import NAMES, name_of
from usance.domain.facts import Fact

NAME = re.compile(r"[a-zA-Z_]+(\.[a-z_]+)+")
OF_STIGG = {  # as its documentation of webhooks spells them
    "CustomerCreated": "customer.created",
    "CustomerUpdated": "customer.updated",
    "CustomerDeleted": "customer.deleted",
    "SubscriptionProvisioned": "subscription.created",
    "SubscriptionUpdated": "subscription.updated",
    "SubscriptionCanceled": "subscription.canceled",
    "TrialStarted": "trial.started",
    "TrialConverted": "subscription.trial_converted",
    "PromotionalEntitlementGranted": "promotionalEntitlement.granted",
    "EntitlementsUpdated": "entitlements.updated",
    "UsageReported": "measurement.reported",
    "PlanCreated": "plan.created",
    "PlanUpdated": "plan.updated",
    "FeatureCreated": "feature.created",
    "CouponArchived": "coupon.archived",
    "TrialEndsSoon": "subscription.trial.ends_soon",
    "TrialExpired": "subscription.trial_expired",
    "BillingMonthEndsSoon": "subscription.billing_month.ends_soon",
    "PromotionalEntitlementExpired": "promotionalEntitlement.expired",
    "ThirdPartySyncFailed": "third_party_sync_failed",
}


def kinds() -> list[type[Fact]]:
    """Every kind of fact there is."""
    found = [kind for kind in vars(facts).values() if isinstance(kind, type)]
    return [kind for kind in found if issubclass(kind, Fact) and kind is not Fact]


def test_every_fact_has_its_public_name() -> None:
    unnamed = {kind.__name__ for kind in kinds()} - {kind.__name__ for kind in NAMES}
    assert not unnamed, (
        f"domain/fact_names.py: give {', '.join(sorted(unnamed))} the type string that webhooks "
        "carry: Stigg's where it announces the same (stigg-api.md, 4.5), else `thing.happened`"
    )


def test_all_facts_are_defined_in_one_file() -> None:
    assert set(Fact.__subclasses__()) == set(kinds()) == set(NAMES)


def test_no_two_facts_share_a_name() -> None:
    shared = [name for name, times in Counter(NAMES.values()).items() if times > 1]
    assert shared == []


def test_a_name_is_a_thing_and_what_happened_to_it() -> None:
    ours = set(NAMES.values()) - set(OF_STIGG.values())
    assert [name for name in ours if not NAME.fullmatch(name)] == []


def test_what_stigg_announces_too_is_called_as_there() -> None:
    ours = {kind.__name__: name for kind, name in NAMES.items()}
    assert {kind: ours[kind] for kind in OF_STIGG} == OF_STIGG
    assert name_of(facts.InvoiceIssued("inv_1")) == "invoice.issued"
