"""The subscription: whose, of which plan, and what it is at any instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from usance.domain.ids import ContractId, CustomerId, PackageId, ProductId
from usance.domain.plans.package import PricingType, TrialEnd
from usance.domain.subscriptions.terms import Terms


class Status(StrEnum):
    """What a subscription is at an instant. The names are the reference's."""

    PAYMENT_PENDING = "PAYMENT_PENDING"
    NOT_STARTED = "NOT_STARTED"
    IN_TRIAL = "IN_TRIAL"
    ACTIVE = "ACTIVE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


RUNNING = frozenset([Status.IN_TRIAL, Status.ACTIVE])
OVER = frozenset([Status.CANCELED, Status.EXPIRED])


class EndReason(StrEnum):
    """Why a subscription ends or ended. The spellings are the reference's, mixed as they are."""

    UPGRADE_OR_DOWNGRADE = "UPGRADE_OR_DOWNGRADE"
    EXPIRED = "EXPIRED"
    TRIAL_ENDED = "TRIAL_ENDED"
    TRIAL_CONVERTED = "TRIAL_CONVERTED"
    IMMEDIATE = "Immediate"
    SCHEDULED = "ScheduledCancellation"
    CUSTOMER_ARCHIVED = "CustomerArchived"


class CollectionMethod(StrEnum):
    """How it is paid: charged to a stored method, by invoice, or not through us."""

    CHARGE = "CHARGE"
    INVOICE = "INVOICE"
    NONE = "NONE"


class ProrationBehavior(StrEnum):
    """What becomes of the days of a period that a change falls into."""

    INVOICE_IMMEDIATELY = "INVOICE_IMMEDIATELY"
    CREATE_PRORATIONS = "CREATE_PRORATIONS"
    NONE = "NONE"  # the new terms are billed from the next period on


class ChangeKind(StrEnum):
    """What a change that was scheduled changes. The names are the reference's."""

    DOWNGRADE = "DOWNGRADE"
    PLAN = "PLAN"
    BILLING_PERIOD = "BILLING_PERIOD"
    UNIT_AMOUNT = "UNIT_AMOUNT"
    PRICE_OVERRIDE = "PRICE_OVERRIDE"
    ADDON = "ADDON"
    COUPON = "COUPON"
    MIGRATE_TO_LATEST = "MIGRATE_TO_LATEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Terms from an instant on. `changes`: what of them was scheduled; empty: took effect at once.

    `is_reset`: usage counts from zero again, from its instant on. `proration` None: as usual, the
    days that change are given back and charged anew.
    """

    number: int
    effective_at: datetime
    terms: Terms
    created_at: datetime
    changes: tuple[ChangeKind, ...] = ()
    is_reset: bool = False
    proration: ProrationBehavior | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a customer holds of a plan, from `starts_at` to `ends_at`, both UTC; None: for ever.

    `anchor`: the instant its billing periods are counted from; `usage_anchor`: the one its windows
    of usage are, None: `starts_at`. `trial_ends_at`: it is a trial until then. `canceled_at`: when
    it was said to end. `follows`: the id of the subscription whose end starts this one.
    `is_prorated`: whether its end gives back what was paid for the days after; None: only where
    another takes its place. `paying_customer_id` None: the customer pays.
    `versions`: in the order they were made, without those called off.
    """

    id: str
    customer_id: CustomerId
    plan_id: PackageId
    product_id: ProductId | None
    pricing_type: PricingType
    starts_at: datetime
    anchor: datetime
    versions: tuple[Version, ...]
    usage_anchor: datetime | None = None
    ends_at: datetime | None = None
    trial_ends_at: datetime | None = None
    trial_end: TrialEnd | None = None
    is_payment_pending: bool = False
    canceled_at: datetime | None = None
    end_reason: EndReason | None = None
    is_prorated: bool | None = None
    days_until_due: int | None = None
    paying_customer_id: CustomerId | None = None
    resource_id: str | None = None
    contract_id: ContractId | None = None
    agreement_id: ContractId | None = None
    collection: CollectionMethod | None = None
    follows: str | None = None

    @property
    def payer_id(self) -> CustomerId:
        """Who pays for it."""
        return self.paying_customer_id or self.customer_id

    @property
    def is_to_be_canceled(self) -> bool:
        """True when somebody said that it ends, then or later."""
        return self.canceled_at is not None

    def status_at(self, at: datetime) -> Status:
        """Its state. Half-open: at `ends_at` it is over, at `trial_ends_at` no trial any more."""
        if self.ends_at is not None and self.ends_at <= at:
            return Status.CANCELED if self.is_to_be_canceled else Status.EXPIRED
        if self.is_payment_pending:
            return Status.PAYMENT_PENDING
        if at < self.starts_at:
            return Status.NOT_STARTED
        is_trial = self.trial_ends_at is not None and at < self.trial_ends_at
        return Status.IN_TRIAL if is_trial else Status.ACTIVE

    def is_running(self, at: datetime) -> bool:
        """True when it gives access at that instant."""
        return self.status_at(at) in RUNNING

    def is_trial(self, at: datetime) -> bool:
        """True until its trial is over, also before it starts."""
        return self.trial_ends_at is not None and at < self.trial_ends_at

    def next_change(self, at: datetime) -> datetime | None:
        """The first instant after `at` at which its state or its terms may be others."""
        moments = [self.starts_at, self.trial_ends_at, self.ends_at]
        moments += [each.effective_at for each in self.versions]
        return min((each for each in moments if each is not None and each > at), default=None)

    def version_at(self, at: datetime) -> Version:
        """The version in force; before the first takes effect, that."""
        return in_force(self.versions, at)

    def scheduled(self, at: datetime) -> list[Version]:
        """The versions that are still to take effect, the next first."""
        ahead = [each for each in self.versions if each.effective_at > at and each.number > 1]
        return sorted(ahead, key=lambda each: (each.effective_at, each.number))

    def spans(self) -> Iterator[tuple[Version, datetime, datetime | None]]:
        """Each version that is ever in force, from when until when; None: as long as it runs."""
        starts = sorted({max(each.effective_at, self.starts_at) for each in self.versions})
        starts = [self.starts_at, *(each for each in starts if each > self.starts_at)]
        ends: list[datetime | None] = [*starts[1:], self.ends_at]
        for start, end in zip(starts, ends, strict=True):
            if self.ends_at is not None and (end is None or end > self.ends_at):
                end = self.ends_at
            if end is None or start < end:
                yield in_force(self.versions, start), start, end


def in_force(versions: Sequence[Version], at: datetime) -> Version:
    """Of those that took effect by `at` the latest; of one instant the one made last."""
    begun = [each for each in versions if each.effective_at <= at] or [versions[0]]
    return max(begun, key=lambda each: (each.effective_at, each.number))
