"""What a process knows of a customer's access, until a stamp says that it changed."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime

from usance.domain.catalog import Feature
from usance.domain.entitlements.access import DenialReason
from usance.domain.entitlements.holdings import (
    Counted,
    Entitled,
    Holdings,
    entitled,
    next_change,
    standing_of,
)
from usance.domain.ids import FeatureId
from usance.store.access import Read, Stamp
from usance.store.access_reading import asked_for

MOST = 20_000  # customers
MOST_OTHERS = 1000  # features of one that it was not given
FOREVER = datetime.max.replace(tzinfo=UTC)


class KnownFeature:
    """A customer's entitlement of a feature, with the usage that decides.

    From `at` until before `until` it is decided alike at every instant.
    """

    __slots__ = ("asked", "at", "counted", "entitled", "until")

    def __init__(self, found: Entitled, at: datetime) -> None:
        self.entitled = found
        self.at = at
        meter = found.feature.counted_by
        wanted = found.counted(at)
        self.counted: list[Counted] = [] if meter is None else wanted
        self.asked = [] if meter is None else [asked_for(each, meter) for each in wanted]
        ends = [each.window.end for each in wanted if each.window is not None]
        self.until = min((each for each in ends if each is not None), default=FOREVER)


class Known:
    """What is known of one customer. Instants only go forward."""

    def __init__(self, read: Read) -> None:
        self.holdings: Holdings = read.holdings
        self.stamp: Stamp = read.stamp
        self.has_budgets = any(
            version.terms.budget is not None
            for each in read.holdings.subscriptions
            for version in each.versions
        )
        self.others: dict[str, Feature | None] = {}  # what it was not given; None: there is none
        self._until = datetime.min.replace(tzinfo=UTC)
        self._features: dict[tuple[str, str | None], KnownFeature] = {}
        self._reasons: dict[str | None, DenialReason | None] = {}

    def knows(self, feature_id: str) -> bool:
        """False when nobody asked yet whether there is such a feature."""
        return feature_id in self.holdings.features or feature_id in self.others

    def learn(self, feature_id: str, feature: Feature | None) -> None:
        """Whether there is a feature that the customer was not given."""
        if len(self.others) >= MOST_OTHERS:
            self.others.clear()
        self.others[feature_id] = feature

    def feature(self, feature_id: str) -> Feature | None:
        """The feature of that id, if there is one."""
        return self.holdings.features.get(FeatureId(feature_id)) or self.others.get(feature_id)

    def denial_reason(self, at: datetime, resource_id: str | None) -> DenialReason | None:
        """Why nothing may be used, whatever the feature."""
        self._forget_before(at)
        if resource_id is not None and resource_id not in self.holdings.resources:
            return standing_of(self.holdings, at=at, resource_id=resource_id).denial_reason
        if resource_id not in self._reasons:
            standing = standing_of(self.holdings, at=at, resource_id=resource_id)
            self._reasons[resource_id] = standing.denial_reason
        return self._reasons[resource_id]

    def entitled(self, feature: Feature, at: datetime, resource_id: str | None) -> KnownFeature:
        """What it has of a feature."""
        self._forget_before(at)
        found = self._features.get((feature.id, resource_id))
        if found is None or at >= found.until:
            had = entitled(self.holdings, feature, at=at, resource_id=resource_id)
            found = self._features[feature.id, resource_id] = KnownFeature(had, at)
        return found

    def _forget_before(self, at: datetime) -> None:
        if at >= self._until:
            self._features.clear()
            self._reasons.clear()
            self._until = next_change(self.holdings, at) or FOREVER


class Cache:
    """What is known of the customers that were asked about last."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str], Known] = OrderedDict()

    def get(self, tenant_id: str, customer_id: str) -> Known | None:
        """What is known of a customer; only the event loop asks."""
        found = self._held.get((tenant_id, customer_id))
        if found is not None:
            self._held.move_to_end((tenant_id, customer_id))
        return found

    def keep(self, tenant_id: str, customer_id: str, known: Known) -> None:
        """Know that from now on, and forget who was not asked about for longest."""
        self._held[tenant_id, customer_id] = known
        if len(self._held) > MOST:
            self._held.popitem(last=False)

    def forget(self, tenant_id: str, customer_id: str) -> None:
        """It changed."""
        self._held.pop((tenant_id, customer_id), None)
