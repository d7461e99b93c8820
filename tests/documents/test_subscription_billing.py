"""The lines that a version of a subscription is billed by."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from tests.stories.shop import (
    ANNUAL,
    BUSINESS,
    SUPPORT,
    TEAM,
    flat,
    grants,
    per_call,
    per_seat,
    plan,
)
from usance.documents.subscription_billing import Frame, wanted_lines
from usance.domain.catalog import (
    Aggregation,
    Feature,
    Meter,
    MeterType,
    UnitRounding,
    UnitTransformation,
)
from usance.domain.ids import FeatureId
from usance.domain.plans.charges import (
    BillingPeriod,
    ChargeTier,
    OverageBilling,
    TiersMode,
)
from usance.domain.plans.entitlements import ResetPeriod
from usance.domain.plans.package import Package, PackagePricing, PricingType
from usance.domain.subscriptions.sold import Sold
from usance.domain.subscriptions.terms import (
    EntitlementOverride,
    PriceOverride,
    Terms,
    UnitQuantity,
)

DAY = date(2025, 1, 10)
FRAME = Frame(DAY, DAY, date(2026, 1, 10))
CALLS = Feature(
    id=FeatureId("api-calls"),
    display_name="API calls",
    meter_type=MeterType.INCREMENTAL,
    meter=Meter("api_calls", Aggregation.SUM, "calls"),
)
SEATS = Feature(id=FeatureId("seats"), display_name="Seats", meter_type=MeterType.FLUCTUATING)
THOUSANDS = replace(CALLS, unit_transformation=UnitTransformation(1000, UnitRounding.UP, "k"))


def lines(
    package: Package, *, calls: Feature = CALLS, addons: Any = (), **terms: Any
) -> dict[str, Any]:
    """The wanted lines by their keys, for a month in euros unless said otherwise."""
    features = {each.id: each for each in (calls, SEATS)}
    sold = Sold(plan=package, addons=addons, features=features)
    said = {"plan_version": 1, "billing_period": BillingPeriod.MONTHLY, "currency": "EUR", **terms}
    return {str(line["lineId"]): line for line in wanted_lines(sold, Terms(**said), FRAME)}


def metered(
    *, limit: int = 1000, billing: OverageBilling | None = None, **entitlement: Any
) -> Package:
    """A plan with a fee that includes calls, and charges those beyond."""
    pricing = PackagePricing(
        type=PricingType.PAID,
        charges=(flat("30"), flat("300", ANNUAL)),
        overages=(per_call("0.10"), per_call("0.08", ANNUAL)),
        overage_billing=billing,
    )
    made = plan(
        "metered", PricingType.PAID, entitlements=(grants("api-calls", limit, **entitlement),)
    )
    return replace(made, pricing=pricing)


def test_a_fee_and_units_recur_in_advance() -> None:
    found = lines(TEAM, units=(UnitQuantity(FeatureId("seats"), Decimal(7)),))
    assert list(found) == ["base", "units:seats"]
    assert found["base"]["price"] == {"model": "FLAT", "amount": "30"}
    seats = found["units:seats"]
    assert (seats["kind"], seats["quantity"]) == ("RECURRING", "7")
    assert seats["billing"]["timing"] == "IN_ADVANCE"


def test_of_no_units_ordered_there_are_the_least() -> None:
    assert lines(TEAM)["units:seats"]["quantity"] == "2"


def test_what_is_used_is_billed_in_arrears_by_its_meter() -> None:
    found = lines(BUSINESS)["usage:api-calls"]
    assert (found["kind"], found["featureId"]) == ("USAGE", "api-calls")
    assert found["billing"]["every"] == {"count": 1, "unit": "MONTH"}
    assert "timing" not in found["billing"]


def test_what_has_no_price_for_the_period_is_charged_by_the_other() -> None:
    found = lines(BUSINESS, billing_period=ANNUAL)
    assert found["base"]["billing"]["every"] == {"count": 1, "unit": "YEAR"}
    assert found["usage:api-calls"]["billing"]["every"] == {"count": 1, "unit": "MONTH"}


def test_a_free_or_custom_plan_is_not_billed() -> None:
    assert lines(plan("free", PricingType.FREE)) == {}
    assert lines(replace(TEAM, pricing=PackagePricing(type=PricingType.CUSTOM))) == {}


def test_an_add_on_is_charged_as_often_as_it_was_bought() -> None:
    found = lines(TEAM, addons=((SUPPORT, 3),))["support:base"]
    assert (found["price"], found["quantity"]) == ({"model": "PER_UNIT", "unitAmount": "5"}, "3")


def test_the_price_of_the_very_country_goes_before_that_of_the_union() -> None:
    places = tuple(
        flat(amount, country=country)
        for amount, country in (("30", None), ("28", "EU"), ("25", "FR"))
    )
    package = plan("local", PricingType.PAID, *places)
    amounts = [
        lines(package, country=country)["base"]["price"]["amount"]
        for country in ("FR", "DE", "US", None)
    ]
    assert amounts == ["25", "28", "30", "30"]


def test_beyond_what_is_included_is_charged_each_month() -> None:
    found = lines(metered())["overage:api-calls"]
    assert found["price"] == {"model": "PER_UNIT", "unitAmount": "0.10", "included": "1000"}


def test_add_ons_and_agreements_change_what_is_included() -> None:
    more = lines(metered(), addons=((SUPPORT, 2),))["overage:api-calls"]
    assert more["price"]["included"] == "2000"  # 1,000 and twice 500
    agreed = EntitlementOverride(feature_id=FeatureId("api-calls"), usage_limit=Decimal(50))
    assert lines(metered(), overrides=(agreed,))["overage:api-calls"]["price"]["included"] == "50"
    endless = replace(agreed, usage_limit=None, has_unlimited_usage=True)
    assert "overage:api-calls" not in lines(metered(), overrides=(endless,))


def test_what_so_many_add_ons_include_is_included_as_often_and_no_oftener() -> None:
    pricing = PackagePricing(type=PricingType.PAID, overages=(per_call("0.10"),))
    pack = replace(SUPPORT, pricing=pricing)
    found = lines(TEAM, addons=((pack, 3),))["support:overage:api-calls"]
    assert found["price"]["included"] == "2500"  # 1,000 of the plan and three times 500


def test_what_is_never_set_back_is_included_in_every_period_anew() -> None:
    seats = replace(metered(limit=5), entitlements=(grants("seats", 5),))
    overages = tuple(
        replace(each, feature_id=FeatureId("seats")) for each in seats.pricing.overages
    )
    seats = replace(seats, pricing=replace(seats.pricing, overages=overages))
    found = lines(seats)["overage:seats"]
    assert found["price"] == {"model": "PER_UNIT", "unitAmount": "0.10", "included": "5"}
    assert "tierScope" not in found


def test_what_was_agreed_of_a_window_alone_leaves_the_limit_as_it_is() -> None:
    weekly = EntitlementOverride(feature_id=FeatureId("api-calls"), reset_period=ResetPeriod.WEEK)
    found = lines(metered(), overrides=(weekly,))["overage:api-calls"]
    assert found["price"]["included"] == "4000"


def test_an_allowance_of_a_year_goes_before_volume_tiers_too() -> None:
    tiers = (ChargeTier(Decimal(10), Decimal(2)), ChargeTier(None, Decimal(1)))
    over = replace(per_call("1"), amount=None, tiers=tiers, tiers_mode=TiersMode.VOLUME)
    package = metered(reset_period=ResetPeriod.YEAR)
    package = replace(package, pricing=replace(package.pricing, overages=(over,)))
    assert lines(package)["overage:api-calls"]["price"]["included"] == "1000"


def test_overage_of_a_year_is_billed_with_it_or_each_month() -> None:
    at_renewal = lines(metered(), billing_period=ANNUAL)["overage:api-calls"]
    assert at_renewal["billing"]["every"]["unit"] == "YEAR"
    assert at_renewal["price"] == {"model": "PER_UNIT", "unitAmount": "0.08", "included": "12000"}
    monthly = metered(billing=OverageBilling.MONTHLY)
    each_month = lines(monthly, billing_period=ANNUAL)["overage:api-calls"]
    assert each_month["billing"]["every"]["unit"] == "MONTH"
    assert each_month["price"]["included"] == "1000"


def test_an_allowance_of_a_year_is_used_up_over_its_months() -> None:
    found = lines(metered(reset_period=ResetPeriod.YEAR))["overage:api-calls"]
    assert found["tierScope"] == "TERM"
    tiers = found["price"]["tiers"]
    assert [(each.get("upTo"), each["unitAmount"]) for each in tiers] == [
        ("1000", "0"),
        (None, "0.10"),
    ]


def test_what_is_sold_in_thousands_is_charged_by_the_thousand_begun() -> None:
    used = lines(BUSINESS, calls=THOUSANDS)["usage:api-calls"]
    assert used["price"] == {"model": "PACKAGE", "packageSize": "1000", "packageAmount": "0.01"}
    over = lines(metered(limit=2), calls=THOUSANDS)["overage:api-calls"]
    assert over["price"] == {
        "model": "PACKAGE",
        "packageSize": "1000",
        "packageAmount": "0.10",
        "included": "2000",
    }


def test_tiers_are_of_the_units_sold() -> None:
    tiers = (ChargeTier(Decimal(10), Decimal(2)), ChargeTier(None, Decimal(1)))
    charge = replace(per_call("1"), amount=None, tiers=tiers, tiers_mode=TiersMode.GRADUATED)
    found = lines(plan("tiered", PricingType.PAID, charge), calls=THOUSANDS)["usage:api-calls"]
    assert found["price"]["model"] == "GRADUATED_PACKAGE"
    assert [(each.get("upTo"), each["packageSize"]) for each in found["price"]["tiers"]] == [
        ("10000", "1000"),
        (None, "1000"),
    ]


def test_agreed_tiers_take_the_place_of_an_amount() -> None:
    tiers = (ChargeTier(Decimal(10), Decimal(9)), ChargeTier(None, Decimal(8)))
    agreed = PriceOverride(feature_id=FeatureId("seats"), tiers=tiers)
    price = lines(TEAM, prices=(agreed,))["units:seats"]["price"]
    assert (price["model"], len(price["tiers"])) == ("GRADUATED", 2)


def test_a_fee_may_be_agreed_that_the_plan_has_not() -> None:
    package: Package = plan("seats-only", PricingType.PAID, per_seat("10"))
    agreed = PriceOverride(amount=Decimal(15), currency="EUR")
    assert lines(package, prices=(agreed,))["base"]["price"]["amount"] == "15"


def test_a_key_of_long_ids_stays_one() -> None:
    long = Feature(id=FeatureId("f" * 250), display_name="Long", meter_type=MeterType.FLUCTUATING)
    charge = replace(per_seat("10"), feature_id=long.id)
    sold = Sold(plan=plan("p", PricingType.PAID, charge), features={long.id: long})
    terms = Terms(plan_version=1, billing_period=BillingPeriod.MONTHLY, currency="EUR")
    (line,) = wanted_lines(sold, terms, FRAME)
    assert len(str(line["lineId"])) == 200
