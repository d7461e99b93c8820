"""What is sent of a subscription: provisioned, previewed, changed, ended, moved, imported."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from usance.api.catalog.entitlements_wire import ResetFields
from usance.api.catalog.wire import CreditRateWire, LowerCurrency, MoneyWire, Number, TierWire
from usance.api.envelope import Wire
from usance.api.fields import Metadata, Ref
from usance.domain.plans.charges import BillingPeriod, TiersMode
from usance.domain.plans.package import TrialEnd
from usance.domain.plans.product import CancellationTime
from usance.domain.subscriptions.requests import CancellationAction, Schedule
from usance.domain.subscriptions.subscription import CollectionMethod, ProrationBehavior

When = Annotated[
    str,
    Field(
        max_length=40,
        description="An instant; without a zone it is UTC.",
        examples=["2026-01-31T09:30:00Z"],
    ),
]
Country = Annotated[
    str,
    Field(max_length=2, description="ISO 3166, or `eu`: which prices of a place.", examples=["DE"]),
]
Anchor = Literal["UNCHANGED", "NOW"]
Text = Annotated[str, Field(max_length=255)]


class AddonBody(Wire):
    """So many of an add-on."""

    id: Ref
    quantity: int = Field(description="From 1.", examples=[1])


class UnitsBody(Wire):
    """How many units of a feature that is charged by unit."""

    id: Ref = Field(description="The feature.", examples=["seats"])
    quantity: Number = Field(examples=[25])
    type: Literal["FEATURE", "CREDIT"]


class BillableFeatureBody(Wire):
    """The same, as a preview names it."""

    feature_id: Ref
    quantity: Number


class FeatureOverrideBody(ResetFields):
    """What was agreed of a feature, over what the plan says."""

    type: Literal["FEATURE"]
    id: Ref = Field(description="The feature.")
    usage_limit: Number | None = None
    has_unlimited_usage: bool | None = None
    has_soft_limit: bool | None = None
    enum_values: list[Text] | None = Field(default=None, max_length=100)


class CreditOverrideBody(Wire):
    """Credits beside those of the plan; there are no credit currencies to give."""

    type: Literal["CREDIT"]
    id: Ref
    amount: Number
    cadence: Literal["MONTH", "YEAR"]
    has_soft_limit: bool | None = None


OverrideBody = Annotated[FeatureOverrideBody | CreditOverrideBody, Field(discriminator="type")]


class PriceOverrideBody(Wire):
    """A price agreed: of the base charge, of a feature's charge, or of an add-on."""

    base_charge: bool | None = None
    feature_id: Ref | None = None
    addon_id: Ref | None = None
    currency_id: Ref | None = Field(default=None, description="A credit currency; there are none.")
    amount: Number | None = None
    currency: LowerCurrency | None = None
    tiers: list[TierWire] | None = Field(default=None, max_length=100)
    tiers_mode: TiersMode | None = Field(default=None, description="As the plan's without it.")
    block_size: Number | None = None
    credit_rate: CreditRateWire | None = None
    credit_grant_cadence: Literal["BEGINNING_OF_BILLING_PERIOD", "MONTHLY"] | None = None
    billing_country_code: Country | None = Field(
        default=None, description="Nothing or the subscription's own: it has one price of a thing."
    )


class MinimumSpendBody(Wire):
    """The least that on-demand charges come to in a billing period."""

    amount: Number
    currency: LowerCurrency = "usd"


class BudgetBody(Wire):
    """A ceiling of spending."""

    limit: Number
    has_soft_limit: bool


class DiscountBody(Wire):
    """A discount made for this subscription."""

    name: Text | None = None
    description: str | None = Field(default=None, max_length=1000)
    percent_off: Number | None = None
    amounts_off: list[MoneyWire] | None = Field(default=None, max_length=100)
    duration_in_months: Number | None = Field(default=None, description="For ever without it.")


class CouponTimingBody(Wire):
    """From when on it counts."""

    start_date: When | None = None


class CouponBody(Wire):
    """One of `couponId` and `discount`. Other systems' coupons and codes are not known here."""

    coupon_id: Ref | Literal[""] | None = None
    billing_coupon_id: Text | None = None
    promotion_code: Text | None = None
    discount: DiscountBody | None = None
    configuration: CouponTimingBody | None = None


class TrialBody(Wire):
    """A trial or none, whatever the plan says."""

    is_trial: bool
    trial_end_date: When | None = None
    trial_end_behavior: TrialEnd | None = None


class BillingAddressBody(Wire):
    """Where the one who pays gets post."""

    country: str | None = Field(default=None, max_length=2, description="ISO 3166 alpha-2.")
    line1: Text | None = None
    line2: Text | None = None
    city: Text | None = None
    state: Text | None = None
    postal_code: Text | None = None


class TaxIdBody(Wire):
    """A tax number of the one who pays."""

    type: str = Field(max_length=40, examples=["eu_vat"])
    value: str = Field(max_length=60, examples=["DE136695976"])


class BillingBody(Wire):
    """How it is billed. `billingAddress` and `taxIds` are kept with the customer who pays.

    Refused: taxes by hand (`taxPercentage`, `taxRateIds`), for they follow from the seller's rates
    and the customer's address; `isInvoicePaid`, for nothing is issued yet; and
    `chargeOnBehalfOfAccount`. Of no consequence: `isBackdated` (a start in the past says so),
    `integrationId`, `metadata`.
    """

    billing_address: BillingAddressBody | None = None
    tax_ids: list[TaxIdBody] | None = Field(default=None, max_length=20)
    tax_percentage: Number | None = None
    tax_rate_ids: list[str] | None = Field(default=None, max_length=100)
    invoice_days_until_due: Number | None = None
    is_backdated: bool | None = None
    is_invoice_paid: bool | None = None
    charge_on_behalf_of_account: Text | None = None
    integration_id: Text | None = None
    metadata: Metadata | None = None
    proration_behavior: ProrationBehavior | None = None


class BillingPatchBody(BillingBody):
    """How it is billed, and its coupon."""

    coupon_id: Ref | Literal[""] | None = None


class CheckoutBody(Wire):
    """A checkout page. None is needed: what is due is invoiced, and the link of the invoice is the
    page where it is paid; so this is accepted and of no consequence.
    """

    success_url: str = Field(max_length=2000)
    cancel_url: str = Field(max_length=2000)
    allow_promo_codes: bool | None = None
    allow_tax_id_collection: bool | None = None
    collect_billing_address: bool | None = None
    collect_phone_number: bool | None = None
    reference_id: Text | None = None


class Asked(Wire):
    """What provisioning and a preview share."""

    customer_id: Ref = Field(examples=["nordlicht"])
    plan_id: Ref = Field(examples=["pro"])
    resource_id: Ref | None = Field(default=None, description="The part of the customer it is for.")
    paying_customer_id: Ref | None = Field(default=None, description="Who pays, if another.")
    addons: list[AddonBody] | None = Field(default=None, max_length=500)
    charges: list[UnitsBody] | None = Field(default=None, max_length=500)
    unit_quantity: int | None = Field(
        default=None, description="Of a plan that charges for one feature by unit."
    )
    billing_period: BillingPeriod | None = None
    billing_country_code: Country | None = None
    billing_cycle_anchor: Anchor | None = Field(
        default=None, description="NOW: periods are counted from its start."
    )
    billing_information: BillingBody | None = None
    schedule_strategy: Schedule | None = None
    start_date: When | None = Field(default=None, description="Past, now or to come.")
    trial_override_configuration: TrialBody | None = None
    applied_coupon: CouponBody | None = None


class ProvisionBody(Asked):
    """A subscription to provision.

    `checkoutOptions` and `awaitPaymentConfirmation` are accepted and of no consequence: what is
    due is invoiced, and access does not wait for it.
    """

    id: Ref | None = Field(default=None, description="Yours; made up without it.")
    entitlements: list[OverrideBody] | None = Field(default=None, max_length=500)
    price_overrides: list[PriceOverrideBody] | None = Field(default=None, max_length=500)
    minimum_spend: MinimumSpendBody | None = None
    budget: BudgetBody | None = None
    cancellation_date: When | None = Field(default=None, description="When it ends.")
    payment_collection_method: CollectionMethod | None = None
    await_payment_confirmation: bool | None = None
    checkout_options: CheckoutBody | None = None
    metadata: Metadata | None = None
    billing_id: Text | None = None
    salesforce_id: Text | None = None


class PreviewBody(Asked):
    """A subscription to look at the price of."""

    billable_features: list[BillableFeatureBody] | None = Field(default=None, max_length=500)


class PatchBody(Wire):
    """What changes. Lists and `metadata` are replaced whole; null clears where it is allowed."""

    addons: list[AddonBody] | None = Field(default=None, max_length=500)
    charges: list[UnitsBody] | None = Field(default=None, max_length=500)
    entitlements: list[OverrideBody] | None = Field(default=None, max_length=500)
    price_overrides: list[PriceOverrideBody] | None = Field(default=None, max_length=500)
    minimum_spend: MinimumSpendBody | None = None
    budget: BudgetBody | None = None
    billing_period: BillingPeriod | None = None
    billing_country_code: Country | None = None
    billing_cycle_anchor: Anchor | None = None
    billing_information: BillingPatchBody | None = None
    applied_coupon: CouponBody | None = None
    promotion_code: Text | None = None
    trial_end_date: When | None = None
    cancellation_date: When | None = Field(default=None, description="When it ends; null: never.")
    schedule_strategy: Schedule | None = None
    await_payment_confirmation: bool | None = None
    metadata: Metadata | None = None
    billing_id: Text | None = None
    salesforce_id: Text | None = None


class CancelBody(Wire):
    """How it ends; what is left out is as the product says."""

    cancellation_time: CancellationTime | None = None
    cancellation_action: CancellationAction = CancellationAction.DEFAULT
    end_date: When | None = Field(default=None, description="With SPECIFIC_DATE.")
    prorate: bool | None = None


class TransferBody(Wire):
    """Where it goes."""

    destination_resource_id: Ref


class DelegateBody(Wire):
    """Who manages it from now on."""

    target_customer_id: Ref


class MigrateBody(Wire):
    """When it moves; at once without it."""

    subscription_migration_time: Literal["END_OF_BILLING_PERIOD", "IMMEDIATE"] = "IMMEDIATE"


class ImportedBody(Wire):
    """A subscription from elsewhere."""

    id: Ref
    customer_id: Ref
    plan_id: Ref
    addons: list[AddonBody] | None = Field(default=None, max_length=500)
    charges: list[UnitsBody] | None = Field(default=None, max_length=500)
    billing_id: Text | None = None
    billing_period: BillingPeriod | None = None
    start_date: When | None = None
    end_date: When | None = None
    resource_id: Ref | None = None
    metadata: Metadata | None = None


class ImportBody(Wire):
    """Subscriptions from elsewhere, all or none."""

    subscriptions: list[ImportedBody] = Field(min_length=1, max_length=1000)
    integration_id: Text | None = Field(default=None, description="Of no consequence.")
