"""From what was sent of a subscription to what is asked of the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from usance.api.catalog.wire import no_credit_currency
from usance.api.fields import at
from usance.api.subscriptions.bodies import (
    AddonBody,
    Asked,
    BillingBody,
    CancelBody,
    CouponBody,
    ImportedBody,
    PatchBody,
    PreviewBody,
    ProvisionBody,
    TrialBody,
    UnitsBody,
)
from usance.api.subscriptions.coupon_reading import coupon_of, no_coupon
from usance.api.subscriptions.instants import country_in, instant_in
from usance.api.subscriptions.prices_reading import budget_of, minimum_of, overrides_of, prices_of
from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.ids import CustomerId, FeatureId, PackageId
from usance.domain.plans.wording import metadata_problems
from usance.domain.subscriptions.requests import (
    KEEP,
    CancelRequest,
    ProvisionRequest,
    TrialRequest,
    UpdateRequest,
)
from usance.domain.subscriptions.terms import (
    UnitQuantity,
)

LONGEST_TERM = 365  # days until an invoice falls due
PAYER = {  # where the particulars of who pays were sent
    "address": "billingInformation.billingAddress",
    "taxIds": "billingInformation.taxIds",
}


def provision_request(body: ProvisionBody) -> ProvisionRequest:
    """A subscription somebody asks for. Raises Invalid."""
    shared = _shared(body)
    return ProvisionRequest(
        **shared,
        id=body.id,
        overrides=overrides_of(body.entitlements or ()),
        prices=prices_of(body.price_overrides or (), body.billing_country_code),
        minimum_spend=minimum_of(body.minimum_spend),
        budget=budget_of(body),
        ends_at=instant_in(body.cancellation_date, "cancellationDate"),
        collection=body.payment_collection_method,
        metadata=_metadata(body.metadata),
        billing_id=body.billing_id,
        salesforce_id=body.salesforce_id,
    )


def previewed_request(body: PreviewBody) -> ProvisionRequest:
    """A subscription somebody would like to know the price of. Raises Invalid."""
    shared = _shared(body)
    named = {each.feature_id for each in shared["units"]}
    more = tuple(
        UnitQuantity(FeatureId(each.feature_id), each.quantity)
        for each in body.billable_features or ()
        if each.feature_id not in named
    )
    return ProvisionRequest(**{**shared, "units": (*shared["units"], *more)})


def imported_request(body: ImportedBody, index: int) -> ProvisionRequest:
    """A subscription from elsewhere, which is billed there. Raises Invalid."""
    path = f"subscriptions[{index}]"
    return ProvisionRequest(
        id=body.id,
        customer_id=CustomerId(body.customer_id),
        plan_id=PackageId(body.plan_id),
        addons=_addons(body.addons or ()),
        units=_units(body.charges or (), f"{path}.charges"),
        billing_period=body.billing_period,
        starts_at=instant_in(body.start_date, f"{path}.startDate"),
        ends_at=instant_in(body.end_date, f"{path}.endDate"),
        resource_id=body.resource_id,
        trial=TrialRequest(is_trial=False),
        metadata=at(path, lambda: _metadata(body.metadata)),
        billing_id=body.billing_id,
    )


def update_request(body: PatchBody) -> UpdateRequest:
    """What of a subscription changes: what was sent. Raises Invalid."""
    sent = body.model_fields_set
    if body.promotion_code is not None:
        raise no_coupon("promotionCode", body.promotion_code)
    billing = body.billing_information
    check_billing(billing)
    found: dict[str, Any] = {
        "addons": _addons(body.addons or ()),
        "charges": _units(body.charges or (), "charges"),
        "entitlements": overrides_of(body.entitlements or ()),
        "price_overrides": prices_of(body.price_overrides or (), body.billing_country_code),
        "minimum_spend": minimum_of(body.minimum_spend),
        "budget": budget_of(body),
        "billing_period": body.billing_period or KEEP,
        "billing_country_code": country_in(body.billing_country_code),
        "applied_coupon": coupon_of(body.applied_coupon),
        "trial_end_date": instant_in(body.trial_end_date, "trialEndDate") or KEEP,
        "cancellation_date": instant_in(body.cancellation_date, "cancellationDate"),
        "metadata": _metadata(body.metadata),
        "billing_id": body.billing_id,
        "salesforce_id": body.salesforce_id,
    }
    if billing is not None and "coupon_id" in billing.model_fields_set:
        sent = {*sent, "applied_coupon"}
        found["applied_coupon"] = coupon_of(CouponBody(coupon_id=billing.coupon_id))
    days = None if billing is None else _days(billing)
    changed = {UPDATED.get(name, name): found[name] for name in found if name in sent}
    return UpdateRequest(
        **changed,
        schedule=body.schedule_strategy,
        is_anchor_now=_is_now(body.billing_cycle_anchor),
        proration=None if billing is None else billing.proration_behavior,
        days_until_due=KEEP if days is None else days,
    )


UPDATED = {  # the request's names for what was sent under others
    "charges": "units",
    "entitlements": "overrides",
    "price_overrides": "prices",
    "billing_country_code": "country",
    "applied_coupon": "coupon",
    "trial_end_date": "trial_ends_at",
    "cancellation_date": "ends_at",
}


def cancel_request(body: CancelBody | None) -> CancelRequest:
    """An end, as the product says where nothing is. Raises Invalid."""
    sent = body or CancelBody()
    return CancelRequest(
        time=sent.cancellation_time,
        on=instant_in(sent.end_date, "endDate"),
        action=sent.cancellation_action,
        is_prorated=sent.prorate,
    )


def payer_particulars(billing: BillingBody | None) -> dict[str, object]:
    """What was said of the one who pays, in the notation of customers; empty: nothing."""
    found: dict[str, object] = {}
    address = None if billing is None else billing.billing_address
    if address is not None:
        lines = [each for each in (address.line1, address.line2) if each]
        said = {
            "country": address.country,
            "lines": lines or None,
            "city": address.city,
            "region": address.state,
            "postalCode": address.postal_code,
        }
        found["address"] = {key: value for key, value in said.items() if value is not None}
    if billing is not None and billing.tax_ids is not None:
        found["taxIds"] = [{"kind": each.type, "value": each.value} for each in billing.tax_ids]
    return found


def check_billing(billing: BillingBody | None) -> None:
    """Refuse what would be billed otherwise than it is asked. Raises Invalid."""
    if billing is None:
        return
    path = "billingInformation"
    if billing.tax_percentage is not None or billing.tax_rate_ids:
        name = "taxRateIds" if billing.tax_percentage is None else "taxPercentage"
        expected = "nothing: taxes follow from the seller's rates and the customer's address"
        value = str(billing.tax_percentage or billing.tax_rate_ids)[:80]
        raise Invalid(Problem("TaxIsComputed", f"{path}.{name}", value, expected))
    if billing.is_invoice_paid:
        expected = "false: mark an invoice as paid once it is issued, by its subscription"
        raise Invalid(Problem("NoInvoiceIssued", f"{path}.isInvoicePaid", "true", expected))
    if billing.charge_on_behalf_of_account:
        expected = "nothing: this environment sells for its own legal entities"
        value = billing.charge_on_behalf_of_account[:80]
        raise Invalid(
            Problem("AccountNotConnected", f"{path}.chargeOnBehalfOfAccount", value, expected)
        )


def _shared(body: Asked) -> dict[str, Any]:
    check_billing(body.billing_information)
    billing = body.billing_information or BillingBody()
    return {
        "customer_id": CustomerId(body.customer_id),
        "plan_id": PackageId(body.plan_id),
        "resource_id": body.resource_id,
        "paying_customer_id": None
        if body.paying_customer_id == body.customer_id
        else body.paying_customer_id,
        "addons": _addons(body.addons or ()),
        "units": _units(body.charges or (), "charges"),
        "unit_quantity": None if body.unit_quantity is None else Decimal(body.unit_quantity),
        "billing_period": body.billing_period,
        "country": country_in(body.billing_country_code),
        "coupon": coupon_of(body.applied_coupon),
        "trial": _trial(body.trial_override_configuration),
        "starts_at": instant_in(body.start_date, "startDate"),
        "schedule": body.schedule_strategy,
        "is_anchor_now": _is_now(body.billing_cycle_anchor),
        "proration": billing.proration_behavior,
        "days_until_due": _days(billing),
    }


def _addons(sent: Sequence[AddonBody]) -> tuple[tuple[PackageId, int], ...]:
    return tuple((PackageId(each.id), each.quantity) for each in sent)


def _units(sent: Sequence[UnitsBody], path: str) -> tuple[UnitQuantity, ...]:
    for index, each in enumerate(sent):
        if each.type == "CREDIT":
            raise no_credit_currency(f"{path}[{index}].id", each.id)
    return tuple(UnitQuantity(FeatureId(each.id), each.quantity) for each in sent)


def _trial(sent: TrialBody | None) -> TrialRequest | None:
    if sent is None:
        return None
    path = "trialOverrideConfiguration"
    ends_at = instant_in(sent.trial_end_date, f"{path}.trialEndDate")
    ending = {"trialEndDate": sent.trial_end_date, "trialEndBehavior": sent.trial_end_behavior}
    for name, value in ending.items():
        if value is not None and not sent.is_trial:
            expected = "nothing, unless isTrial is true"
            raise Invalid(Problem("InvalidTrial", f"{path}.{name}", value, expected))
    return TrialRequest(
        is_trial=sent.is_trial,
        ends_at=ends_at,
        at_end=sent.trial_end_behavior,
    )


def _days(billing: BillingBody) -> int | None:
    days = billing.invoice_days_until_due
    if days is None:
        return None
    if days != int(days) or not 0 <= days <= LONGEST_TERM:
        path = "billingInformation.invoiceDaysUntilDue"
        expected = f"a whole number of days from 0 to {LONGEST_TERM}"
        raise Invalid(Problem("InvalidTerms", path, str(days), expected))
    return int(days)


def _metadata(sent: Mapping[str, str] | None) -> Mapping[str, str]:
    found = sent or {}
    refuse_if(list(metadata_problems(found)))
    return found


def _is_now(anchor: str | None) -> bool | None:
    return None if anchor is None else anchor == "NOW"
