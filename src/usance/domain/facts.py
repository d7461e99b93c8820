"""Facts: what happened, in the past tense, for those who want to know.

A flow adds a fact to the outbox in the transaction in which it became true; webhooks and mail
follow from there. Each names its subject; the rest can be read from the subject.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that became true of `subject_id`."""

    subject_id: str

    @property
    def kind(self) -> str:
        """Its public name: `InvoiceIssued`."""
        return type(self).__name__


class OrderReceived(Fact):
    """A signed order was stored."""


class OrderFulfilled(Fact):
    """An order's last open step was done."""


class OrderCanceled(Fact):
    """An order was canceled before anything was issued from it."""


class ContractPublished(Fact):
    """A contract became active: it will be billed."""


class ContractAmended(Fact):
    """An order after the first took effect on a contract."""


class MilestoneReached(Fact):
    """A milestone of a contract was marked done."""


class ContractArchived(Fact):
    """A contract was canceled: nothing more of it will be billed."""


class SubscriptionProvisioned(Fact):
    """A subscription was created."""


class SubscriptionUpdated(Fact):
    """A subscription's terms, dates or parties changed, or are to change."""


class SubscriptionCanceled(Fact):
    """A subscription was ended, or is to end."""


class TrialStarted(Fact):
    """A subscription began as a trial."""


class TrialEndsSoon(Fact):
    """A trial ends within a week, or within half of its length where that is shorter."""


class TrialExpired(Fact):
    """A trial ended, and nothing was bought."""


class SubscriptionExpired(Fact):
    """A subscription that was sold until an instant came to it."""


class BillingMonthEndsSoon(Fact):
    """A month of a paid subscription, counted from its anchor, ends within an hour."""


class TrialConverted(Fact):
    """A trial ended because it was bought."""


class InvoiceDrafted(Fact):
    """A draft is held for review."""


class InvoiceApproved(Fact):
    """A draft was found right."""


class InvoiceApprovalWithdrawn(Fact):
    """An approved invoice is a draft again."""


class InvoiceIssued(Fact):
    """An invoice got its number."""


class InvoiceSent(Fact):
    """An invoice's link was handed to the customer."""


class InvoiceVoided(Fact):
    """A draft or an unpaid invoice was made void."""


class InvoicePaid(Fact):
    """An invoice has nothing left to pay."""


class PaymentRecorded(Fact):
    """Money arrived."""


class CreditNoteDrafted(Fact):
    """A credit note is held for review."""


class CreditNoteIssued(Fact):
    """A credit note got its number."""


class RefundPromised(Fact):
    """Money is to be given back."""


class RefundSent(Fact):
    """Money was given back."""


class RefundCanceled(Fact):
    """A refund was called off: the customer has it with us again."""


class InvoiceWrittenOff(Fact):
    """What was open on an invoice was given up, all or some of it."""


class WriteOffReversed(Fact):
    """What was given up is owed again."""


class FeatureCreated(Fact):
    """A feature was defined."""


class FeatureUpdated(Fact):
    """A feature was defined anew, suspended or restored."""


class FeatureDeleted(Fact):
    """A feature was archived: it is granted anew no more."""


class ProductCreated(Fact):
    """A product was created."""


class ProductUpdated(Fact):
    """A product was changed or restored."""


class ProductDeleted(Fact):
    """A product was archived, with its plans and add-ons."""


class PlanCreated(Fact):
    """A plan was drafted for the first time."""


class PlanUpdated(Fact):
    """A new version of a plan was published."""


class PlanDeleted(Fact):
    """A plan was archived."""


class AddonCreated(Fact):
    """An add-on was drafted for the first time."""


class AddonUpdated(Fact):
    """A new version of an add-on was published."""


class AddonDeleted(Fact):
    """An add-on was archived."""


class CouponCreated(Fact):
    """A coupon was created."""


class CouponUpdated(Fact):
    """A coupon's wording changed."""


class CouponArchived(Fact):
    """A coupon is applied to nobody anew."""


class PromotionalEntitlementGranted(Fact):
    """A customer was given a feature beside its subscriptions."""


class PromotionalEntitlementUpdated(Fact):
    """A feature given to a customer was given anew, in other terms."""


class PromotionalEntitlementRevoked(Fact):
    """A feature given to a customer was taken back."""


class PromotionalEntitlementEndsSoon(Fact):
    """A feature given ends within a week, or within half of its time where that is shorter."""


class PromotionalEntitlementExpired(Fact):
    """A feature given came to its end."""


class PaymentMethodAttached(Fact):
    """A customer pays by another method from now on."""


class PaymentMethodDetached(Fact):
    """A customer has no payment method any more."""


class EntitlementsUpdated(Fact):
    """What a customer may use changed. The database tells it: no change of access goes without."""


class UsageReported(Fact):
    """Somebody told how much a customer used: a measurement."""


class ThirdPartySyncFailed(Fact):
    """A connection that worked until then could not be synced."""


class CustomerCreated(Fact):
    """A customer is there for the first time."""


class CustomerUpdated(Fact):
    """A customer's particulars changed, or it was restored."""


class CustomerDeleted(Fact):
    """A customer was archived."""
