"""Cases of entitlements: which source counts, which limit, and who may use how much more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.cases.values import Case, Found, UnmappedError, decimal, instant
from usance.domain.entitlements.access import check
from usance.domain.entitlements.allowances import Allowance
from usance.domain.entitlements.features import Across, Combine, FeatureRules, Kind
from usance.domain.entitlements.resolve import Effective, resolve
from usance.domain.entitlements.seats import change_seats
from usance.domain.entitlements.sources import Level, Source
from usance.domain.entitlements.usage import highest_crossed
from usance.domain.errors import Invalid
from usance.domain.subscriptions.trials import may_start_trial

NOW = datetime(2025, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
METERED = FeatureRules(kind=Kind.METERED)
CONFIGURED = FeatureRules(kind=Kind.CONFIGURATION)
SWITCH = FeatureRules(kind=Kind.BOOLEAN)
SUBSCRIPTION = "subscription"
LEVELS = {
    "feature": Level.FEATURE,
    "product": Level.PRODUCT,
    "plan": Level.PLAN,
    "add_on": Level.ADD_ON,
    "addon": Level.ADD_ON,
    "plan_version": Level.PLAN_VERSION,
    "subscription": Level.SUBSCRIPTION,
}
BEHAVIOURS = {
    "override_if_higher": Combine.MAX,
    "add": Combine.ADD,
    "replace": Combine.REPLACE,
    "override": Combine.REPLACE,
}
USED_UP = [100]  # percent of a limit at which usage is told of


def found_in(case: Case) -> Found:
    """What our entitlements make of a case."""
    for keys, read in SHAPES[case.topic]:
        if keys <= case.inputs.keys():
            return read(case)
    raise UnmappedError(f"inputs {', '.join(case.inputs)}")


def _source(ident: str, level: Level, plain: Any, **terms: Any) -> Source:
    """One source: a limit, null for unlimited, a switch, or an object with a limit and an end."""
    told = plain if isinstance(plain, Mapping) else {"limit": plain}
    if unknown := told.keys() - {
        "limit",
        "start",
        "end",
        "quantity",
        "enabled",
        "product",
        "plan",
        "level",
    }:
        raise UnmappedError(f"a source with {', '.join(sorted(unknown))}")
    if told.get("start"):
        terms["effective_at"] = instant(told["start"])
    limit = told.get("limit")
    is_switch = isinstance(limit, bool)
    return Source(
        id=ident,
        level=level,
        is_granted=bool(limit) if is_switch else bool(told.get("enabled", True)),
        allowance=None if is_switch else Allowance(None if limit is None else decimal(limit)),
        quantity=int(told.get("quantity", 1)),
        expires_at=instant(told["end"]) if told.get("end") else None,
        **terms,
    )


def _of_subscription(ident: str, level: Level, plain: Any) -> Source:
    return _source(ident, level, plain, subscription_id=SUBSCRIPTION)


def _listed(case: Case, key: str) -> Iterable[tuple[int, Any]]:
    plain = case.inputs.get(key, [])
    return enumerate(plain if isinstance(plain, list) else [plain])


def _all_sources(case: Case) -> list[Source]:
    """Plan and add-ons of one subscription, further subscriptions, trials, promotions."""
    found: list[Source] = []
    if "plan" in case:
        found.append(_of_subscription("plan", Level.PLAN, case["plan"]))
    addons = [plain for key in ("addons", "addon") for _, plain in _listed(case, key)]
    for index, plain in enumerate(addons):
        found.append(_of_subscription(f"addon {index}", Level.ADD_ON, plain))
    for index, plain in _listed(case, "subscriptions"):
        holder = f"subscriptions {index}"
        found.append(_source(holder, Level.PLAN, plain, subscription_id=holder))
    for index, plain in _listed(case, "trial"):
        holder = f"trial {index}"
        found.append(_source(holder, Level.PLAN, plain, subscription_id=holder, is_trial=True))
    for index, plain in _listed(case, "promotional"):
        found.append(_source(f"promotional {index}", Level.PROMOTION, plain))
    return found


def _limit(found: Effective) -> object:
    """The one limit, as cases write it: null for unlimited."""
    if not found.is_granted:
        return "no access"
    if found.feature.kind is Kind.BOOLEAN:
        return True
    (allowance,) = found.allowances
    return allowance.limit


def _origin(found: Effective) -> str:
    """The name of what it comes from, without its number."""
    return "+".join(sorted(ident.rstrip(" 0123456789") for ident in found.origins))


def _generous(case: Case) -> Found:
    at = instant(case["at"]) if case.has("at") else NOW
    sources = _all_sources(case)
    if sources and all(source.allowance is None for source in sources):
        return {"effective": resolve(SWITCH, sources, at=at).is_granted}
    found = resolve(METERED, sources, at=at)
    summed = resolve(FeatureRules(kind=Kind.METERED, across=Across.SUM), sources, at=at)
    return {"effective": _limit(found), "source": _origin(found), "if_summed": _limit(summed)}


def _switched(case: Case) -> Found:
    found = resolve(SWITCH, _all_sources(case), at=NOW)
    return {"effective": found.is_granted}


def _trial(case: Case) -> Found:
    trial = _source(
        "trial",
        Level.PLAN,
        case["trial"],
        subscription_id="trial",
        is_trial=True,
        effective_at=NOW,
    )
    paid = _of_subscription("paid", Level.PLAN, case["paid"])
    if "phases" not in case:
        return {"effective": _limit(resolve(METERED, [paid, trial], at=NOW))}
    moments = {"during trial": NOW, "after trial without conversion": LATER}
    ending = Source(
        id="trial",
        level=Level.PLAN,
        subscription_id="trial",
        is_trial=True,
        allowance=trial.allowance,
        effective_at=NOW,
        expires_at=LATER,
    )
    return {
        "effective": [
            _limit(resolve(METERED, [paid, ending], at=moments[phase])) for phase in case["phases"]
        ]
    }


def _trial_allowed(case: Case) -> Found:
    customer = case["customer"]
    allowed = may_start_trial(
        trials_before=customer["trials_of_product"],
        has_paid_before=customer["paid_before"],
        is_self_serve=case["self_serve"],
    )
    return {"trial_allowed": allowed}


def _contributors(case: Case) -> Found:
    sources = [
        _of_subscription(f"addon {index}", Level.ADD_ON, plain)
        for index, plain in _listed(case, "entitlements")
    ]
    return {"effective": _limit(resolve(METERED, sources, at=NOW))}


def _summed_grants(case: Case) -> Found:
    """A quota of the plan, and one granted on the subscription that adds to it."""
    sources = []
    for index, plain in _listed(case, "grants"):
        level = Level.PLAN if plain["level"] == "plan" else Level.ADD_ON
        limit = {"limit": plain["quota"]}
        sources.append(_of_subscription(f"{plain['level']} {index}", level, limit))
    found = resolve(METERED, sources, at=NOW)
    return {"grants": len(found.allowances), "quota": _limit(found)}


def _behaviours(case: Case) -> Found:
    sources = [
        _of_subscription("plan", Level.PLAN, case["plan"]),
        _of_subscription("addon", Level.ADD_ON, case["addon"]),
    ]
    rules = [BEHAVIOURS[each] for each in case["behaviours"]]
    return {
        "effective": [
            _limit(resolve(FeatureRules(kind=Kind.CONFIGURATION, combine=rule), sources, at=NOW))
            for rule in rules
        ]
    }


def _directed(case: Case) -> Found:
    if case["direction"] not in ("lower is generous", "higher is generous"):
        raise UnmappedError(f"direction {case['direction']!r}")
    is_lower = case["direction"] == "lower is generous"
    feature = FeatureRules(kind=Kind.CONFIGURATION, is_lower_generous=is_lower)
    return {"effective": _limit(resolve(feature, _all_sources(case), at=NOW))}


def _chain(case: Case) -> Found:
    """Levels that replace each other, add-ons among them."""
    grants = case["grants"]
    is_switch = all("enabled" in plain and "limit" not in plain for plain in grants)
    feature = FeatureRules(
        kind=Kind.BOOLEAN if is_switch else Kind.METERED,
        combine=Combine.REPLACE,
        is_disabled=case.inputs.get("feature_status", "active") != "active",
    )
    sources = [
        _of_subscription(f"{plain['level']} {index}", LEVELS[plain["level"]], plain)
        for index, plain in enumerate(grants)
    ]
    found = resolve(feature, sources, at=NOW)
    is_off = is_switch and not found.is_granted and not feature.is_disabled
    return {"effective": False if is_off else _limit(found), "origin": _origin(found)}


def _override(case: Case) -> Found:
    """A contract's own limit, as an override or as one more thing given."""
    plan = _of_subscription("plan", Level.PLAN, case["plan"])
    agreed = {
        "override": _of_subscription("agreed", Level.SUBSCRIPTION, case["contract_override"]),
        "generous": _source("agreed", Level.PROMOTION, case["contract_override"]),
    }
    return {
        "effective": [
            _limit(resolve(METERED, [plan, agreed[policy]], at=NOW)) for policy in case["policies"]
        ]
    }


def _metered(limit: Any, *, is_soft: bool = False) -> Effective:
    allowance = Allowance(None if limit is None else decimal(limit), is_soft)
    source = Source(id="plan", level=Level.PLAN, allowance=allowance)
    return resolve(METERED, [source], at=NOW)


def _requested(case: Case) -> Found:
    found = check(
        _metered(case["limit"], is_soft=bool(case.inputs.get("soft"))),
        case.number("current_usage"),
        at=NOW,
        requested_usage=case.number("requested"),
    )
    return {"access": found.has_access, "remaining": found.remaining, "overage": found.overage}


def _quota(case: Case) -> Found:
    used = sum((decimal(each) for _, each in _listed(case, "usage")), Decimal(0))
    found = check(_metered(case["quota"], is_soft=True), used, at=NOW)
    reached = highest_crossed(Decimal(0), used, found.limit, USED_UP)
    return {
        "usage": found.current_usage,
        "status": "exhausted" if found.is_used_up else "active",
        "overage": found.overage,
        "alerts": 0 if reached is None else 1,
    }


def seats_changed(case: Case) -> Found:
    """Seats are added or given up."""
    seats = case["seats"]
    try:
        change = change_seats(
            seats, case["change"], least=case.inputs.get("min", 0), most=case.inputs.get("max")
        )
    except Invalid:
        return {"refused": True}
    return {
        "refused": False,
        "seats_now": change.now,
        "seats_next_period": change.next_period,
        "invoice": change.is_billed_now(seats),
    }


Shape = tuple[set[str], Callable[[Case], Found]]
# By topic, the first shape whose keys are all there.
SHAPES: dict[str, list[Shape]] = {
    "generous_rule": [(set(), _generous)],
    "addon_boolean": [({"plan", "addons"}, _switched)],
    "addon_additive": [
        ({"plan", "addons"}, _generous),
        ({"entitlements"}, _contributors),
        ({"grants"}, _summed_grants),
    ],
    "trial_overlap": [({"paid", "trial"}, _trial), ({"customer", "self_serve"}, _trial_allowed)],
    "configuration": [({"behaviours"}, _behaviours), ({"direction"}, _directed)],
    "override_chain": [({"grants"}, _chain), ({"contract_override"}, _override)],
    "limit_enforcement": [
        ({"limit", "current_usage", "requested"}, _requested),
        ({"quota", "usage"}, _quota),
        ({"seats", "change"}, seats_changed),
    ],
}
TOPICS = SHAPES.keys()
