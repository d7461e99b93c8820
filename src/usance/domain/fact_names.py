"""What the outside calls our facts: the type strings of webhooks.

Where Stigg announces the same, the name is Stigg's; the rest follows its pattern, `thing.happened`.
A name is a promise: it may be added, never changed. Stigg has two names for some (`trial.expired`,
`subscription.trial_expired`): this is the one on the event's own page where there is such a page. A
subscriber's aliases are the business of webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping

from usance.domain import facts
from usance.domain.facts import Fact

NAMES: Mapping[type[Fact], str] = {
    facts.CustomerCreated: "customer.created",
    facts.CustomerUpdated: "customer.updated",
    facts.CustomerDeleted: "customer.deleted",
    facts.PaymentMethodAttached: "payment_method.attached",
    facts.PaymentMethodDetached: "payment_method.detached",
    facts.SubscriptionProvisioned: "subscription.created",
    facts.SubscriptionUpdated: "subscription.updated",
    facts.SubscriptionCanceled: "subscription.canceled",
    facts.TrialStarted: "trial.started",
    facts.TrialEndsSoon: "subscription.trial.ends_soon",
    facts.TrialConverted: "subscription.trial_converted",
    facts.TrialExpired: "subscription.trial_expired",
    facts.SubscriptionExpired: "subscription.expired_non_recurring",
    facts.BillingMonthEndsSoon: "subscription.billing_month.ends_soon",
    facts.PromotionalEntitlementGranted: "promotionalEntitlement.granted",
    facts.PromotionalEntitlementUpdated: "promotionalEntitlement.updated",
    facts.PromotionalEntitlementRevoked: "promotionalEntitlement.revoked",
    facts.PromotionalEntitlementEndsSoon: "promotionalEntitlement.ends_soon",
    facts.PromotionalEntitlementExpired: "promotionalEntitlement.expired",
    facts.EntitlementsUpdated: "entitlements.updated",
    facts.UsageReported: "measurement.reported",
    facts.ThirdPartySyncFailed: "third_party_sync_failed",
    facts.FeatureCreated: "feature.created",
    facts.FeatureUpdated: "feature.updated",
    facts.FeatureDeleted: "feature.deleted",
    facts.ProductCreated: "product.created",
    facts.ProductUpdated: "product.updated",
    facts.ProductDeleted: "product.deleted",
    facts.PlanCreated: "plan.created",
    facts.PlanUpdated: "plan.updated",
    facts.PlanDeleted: "plan.deleted",
    facts.AddonCreated: "addon.created",
    facts.AddonUpdated: "addon.updated",
    facts.AddonDeleted: "addon.deleted",
    facts.CouponCreated: "coupon.created",
    facts.CouponUpdated: "coupon.updated",
    facts.CouponArchived: "coupon.archived",
    facts.OrderReceived: "order.received",
    facts.OrderFulfilled: "order.fulfilled",
    facts.OrderCanceled: "order.canceled",
    facts.ContractPublished: "contract.published",
    facts.ContractAmended: "contract.amended",
    facts.ContractArchived: "contract.archived",
    facts.MilestoneReached: "contract.milestone_reached",
    facts.InvoiceDrafted: "invoice.drafted",
    facts.InvoiceApproved: "invoice.approved",
    facts.InvoiceApprovalWithdrawn: "invoice.approval_withdrawn",
    facts.InvoiceIssued: "invoice.issued",
    facts.InvoiceSent: "invoice.sent",
    facts.InvoicePaid: "invoice.paid",
    facts.InvoiceVoided: "invoice.voided",
    facts.InvoiceWrittenOff: "invoice.written_off",
    facts.WriteOffReversed: "invoice.write_off_reversed",
    facts.PaymentRecorded: "payment.recorded",
    facts.CreditNoteDrafted: "credit_note.drafted",
    facts.CreditNoteIssued: "credit_note.issued",
    facts.RefundPromised: "refund.promised",
    facts.RefundSent: "refund.sent",
    facts.RefundCanceled: "refund.canceled",
}


def name_of(fact: Fact) -> str:
    """What webhooks call it: `invoice.issued`."""
    name = NAMES.get(type(fact))
    assert name is not None, f"give {fact.kind} its public name in domain/fact_names.py"
    return name
