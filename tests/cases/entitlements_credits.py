"""Cases of credits: order of use, grants in time, overdraft, pools, wallets, buying and worth."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.cases import entitlements_windows, grants
from tests.cases.entitlements import Shape, seats_changed
from tests.cases.values import Case, Found, UnmappedError, decimal
from usance.domain.calendar import Cadence, Unit
from usance.domain.credits.consuming import Use, consume
from usance.domain.credits.grants import Category, Grant, Recurrence, turn
from usance.domain.entitlements.access import check
from usance.domain.entitlements.allowances import Allowance
from usance.domain.entitlements.features import FeatureRules, Kind
from usance.domain.entitlements.prepaid import (
    Wallet,
    balance,
    check_credits,
    paid_by,
    to_buy,
    weighted,
    worth,
)
from usance.domain.entitlements.resolve import resolve
from usance.domain.entitlements.rollover import Rollover, burn_down_with_resets
from usance.domain.entitlements.seats import pool_after, seat_pool
from usance.domain.entitlements.sources import Level, Source
from usance.domain.errors import Invalid

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
LAST = 1000  # the priority of what has none
KNOWN = {
    "id",
    "amount",
    "effective",
    "expires",
    "priority",
    "void",
    "deleted",
    "recur",
    "max_roll",
    "min_roll",
}
# When what is renewed each interval ends; the shortest is used up first.
ENDS = {
    "hour": NOW + HOUR,
    "day": NOW + timedelta(days=1),
    "week": NOW + timedelta(days=7),
    "month": NOW + timedelta(days=31),
    "quarter": NOW + timedelta(days=92),
    "year": NOW + timedelta(days=366),
    "one_off": None,
    "lifetime": None,
}
OFFSET = re.compile(r"([+-]?[\d.]+)([smhd])")
LENGTHS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SEATS = re.compile(r"next period with (\d+) seats")
ADDED = re.compile(r"(add|remove) (?:(\d+) )?seats? mid period")


def found_in(case: Case) -> Found:
    """What our credits make of a case."""
    for keys, read in SHAPES[case.topic]:
        if keys <= case.inputs.keys():
            return read(case)
    raise UnmappedError(f"inputs {', '.join(case.inputs)}")


def _in_hours(case: Case) -> Found:
    """Grants and uses at hours from the start, with resets."""
    resets = [_hour(each) for each in case.inputs.get("resets", [])]
    begun = _hour(case.inputs.get("start", 0))
    uses = [Use(_hour(each["at"]), decimal(each["qty"])) for each in case["usage"]]
    lasting = [each for each in case["grants"] if _has_begun(each)]
    after = burn_down_with_resets(
        [_granted(each, case) for each in lasting],
        [use for use in uses if use.at >= begun],
        {each["id"]: _roll(each) for each in lasting},
        resets=resets,
        until=_hour(case["until"]),
        keeps_overage=bool(case.inputs.get("preserve_overage")),
    )
    never = {each["id"]: Decimal(0) for each in case["grants"] if not _has_begun(each)}
    return {"balances": {**after.left, **never}, "overage": after.overage}


def _ends_of(plain: Mapping[str, Any]) -> list[datetime]:
    return [_hour(plain[key]) for key in ("expires", "void", "deleted") if key in plain]


def _has_begun(plain: Mapping[str, Any]) -> bool:
    """False for a grant taken away by the time it would have begun."""
    return all(end > _hour(plain.get("effective", 0)) for end in _ends_of(plain))


def _hour(plain: Any) -> datetime:
    return START + timedelta(seconds=int(Fraction(str(plain)) * 3600))


def _granted(plain: Mapping[str, Any], case: Case) -> Grant:
    if unknown := plain.keys() - KNOWN:
        raise UnmappedError(f"grants with {', '.join(sorted(unknown))}")
    amount = decimal(plain["amount"])
    left = case.inputs.get("starting_balances", {}).get(plain["id"], amount)
    return Grant(
        id=plain["id"],
        amount=amount,
        used=amount - decimal(left),
        priority=plain.get("priority", 1),
        effective_at=_hour(plain.get("effective", 0)),
        expires_at=min(_ends_of(plain), default=None),
        recurs=_recurrence(*plain["recur"]) if "recur" in plain else None,
    )


def _recurrence(interval: int, anchor: int) -> Recurrence:
    days, hours = divmod(interval, 24)
    if hours:
        raise UnmappedError(f"a grant filled every {interval} hours")
    return Recurrence(Cadence(days, Unit.DAY), _hour(anchor))


def _roll(plain: Mapping[str, Any]) -> Rollover:
    return Rollover(decimal(plain.get("max_roll", 0)), decimal(plain.get("min_roll", 0)))


def _in_turn(case: Case) -> Found:
    """Grants by priority, expiry and category, and one need."""
    pool = [
        Grant(
            id=each["id"],
            amount=decimal(each["balance"]),
            priority=each.get("priority", LAST),
            category=Category(each.get("category", "paid").upper()),
            effective_at=LONG_AGO,
            expires_at=_day_of_a_year(each.get("expires")),
        )
        for each in case["grants"]
    ]
    return _ledger(pool, case.number("need"))


def _ledger(pool: list[Grant], need: Decimal) -> dict[str, object]:
    taken = consume(pool, need, NOW)
    left = {each.id: each.left - taken.by_grant.get(each.id, Decimal(0)) for each in pool}
    return {
        "ledger": [[ident, amount] for ident, amount in taken.by_grant.items()],
        "balances": left,
        "left": left,
        "overdraft": taken.short,
    }


def _ordered(case: Case) -> Found:
    """Grants in the order they are used in; times from now."""
    pool = [
        Grant(
            id=each["id"],
            amount=Decimal(1),
            priority=each.get("priority", LAST),
            category=Category(each.get("category", "paid").upper()),
            effective_at=_from_now(each.get("effective", each.get("created", "0h"))),
            expires_at=_from_now(each["expires"]) if each.get("expires") else None,
            created_at=_from_now(each["created"]) if "created" in each else None,
        )
        for each in case["grants"]
    ]
    return {"order": [each.id for each in sorted(pool, key=turn)]}


def _from_now(plain: str) -> datetime:
    told = OFFSET.match(plain)
    if told is None:
        raise UnmappedError(f"time {plain!r}")
    return NOW + timedelta(seconds=float(told[1]) * LENGTHS[told[2]])


def _day_of_a_year(plain: str | None) -> datetime | None:
    if plain is None:
        return None
    text = plain if len(plain) > 5 else f"{NOW.year}-{plain}"
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _debited(case: Case) -> Found:
    """Credits by priority; those without one come last."""
    pool = [
        Grant(
            id=str(index),
            amount=decimal(each["amount"]),
            priority=LAST if each["priority"] is None else each["priority"],
            effective_at=LONG_AGO,
            expires_at=_day_of_a_year(each.get("expires")),
        )
        for index, each in enumerate(case["credits"])
    ]
    taken = consume(pool, case.number("need"), NOW).by_grant
    after = [
        Grant(
            id=each.id,
            amount=each.amount,
            used=taken.get(each.id, Decimal(0)),
            priority=each.priority,
            effective_at=each.effective_at,
        )
        for each in pool
    ]
    found: dict[str, object] = {"balance": balance(after, NOW)}
    for priority in {each.priority for each in after}:
        name = "no_priority_left" if priority == LAST else f"priority_{priority}_left"
        found[name] = balance([each for each in after if each.priority == priority], NOW)
    return found


def _overdrawn(case: Case) -> Found:
    """A new grant settles what was used beyond the others."""
    amount = case.number("new_grant")
    new = Grant(id="new", amount=amount, effective_at=NOW)
    taken = consume([new], case.number("overdraft"), NOW)
    used = taken.by_grant.get("new", Decimal(0))
    after = Grant(id="new", amount=amount, used=used, effective_at=NOW)
    told = {"total": after.amount, "consumed": after.used, "remaining": after.left}
    return {"overdraft": taken.short, "new_grant": told}


def _settled(case: Case) -> Found:
    """Credits pay first, and the rest is invoiced, or nothing is let through."""
    held = [Grant(id="credits", amount=case.number("credits"), effective_at=NOW)]
    charge = case.number("charge")
    if case["mode"] not in ("credit_then_invoice", "credit_only"):
        raise UnmappedError(f"mode {case['mode']!r}")
    is_soft = case["mode"] == "credit_then_invoice"
    may = check_credits(held, charge, at=NOW, is_soft=is_soft).has_access
    taken = consume(held, charge if may else Decimal(0), NOW)
    used = taken.by_grant.get("credits", Decimal(0))
    after = [_less(each, taken.by_grant) for each in held]
    return {
        "blocked": not may,
        "credits_used": used,
        "credits_left": balance(after, NOW),
        "invoice": taken.short,
    }


def _pool(case: Case) -> Found:
    per_seat = case.number("credits_per_seat")
    pool = seat_pool(per_seat, case["seats"])
    if "events" not in case:
        return {"pool": pool}
    pools = []
    for event in case["events"]:
        begun, changed = SEATS.fullmatch(event), ADDED.fullmatch(event)
        if begun:
            pool = seat_pool(per_seat, int(begun[1]))
        elif changed:
            sign = "-" if changed[1] == "remove" else ""
            pool = pool_after(pool, per_seat, int(f"{sign}{changed[2] or 1}"))
        else:
            raise UnmappedError(f"event {event!r}")
        pools.append(pool)
    return {"pool": pools}


def _recharged(case: Case) -> Found:
    left, threshold = case.number("balance"), case.number("threshold")
    return {"purchase": to_buy(left, threshold=threshold, target=case.number("target"))}


def _weighted(case: Case) -> Found:
    tokens = {name: decimal(each) for name, each in case["tokens"].items()}
    weights = {name: decimal(each) for name, each in case["weights"].items()}
    return {"credits": weighted(tokens, weights)}


def _converted(case: Case) -> Found:
    found = worth(case.number("credits"), case.number("rate", "unit_cost"))
    return {"value": found, "purchase": found}


def _stacked(case: Case) -> Found:
    pool = [
        Grant(
            id=each["source"],
            amount=decimal(each["amount"]),
            effective_at=NOW,
            expires_at=ENDS[each["interval"]],
        )
        for each in case["balances"]
    ]
    return {"total": balance(pool, NOW), **_ledger(pool, case.number("use", default="0"))}


def _totalled(case: Case) -> Found:
    """One grant, used as a limit is."""
    source = Source(id="grant", level=Level.PLAN, allowance=Allowance(case.number("grant")))
    found = resolve(FeatureRules(kind=Kind.METERED), [source], at=NOW)
    decision = check(found, sum(map(decimal, case["usage"]), Decimal(0)), at=NOW)
    return {
        "usage": decision.current_usage,
        "balance": decision.remaining,
        "overage": decision.overage,
        "total_available": decision.limit,
    }


def _refused(case: Case) -> Found:
    """A credit that has expired before it comes, and a debit on it."""
    try:
        credit = Grant(
            id="credit",
            amount=case.number("credit"),
            effective_at=NOW,
            expires_at=_day_of_a_year(case["expiry"]),
        )
        held = [credit]
    except Invalid:
        held = []
    may = check_credits(held, case.number("debit"), at=NOW)
    return {"credit_accepted": bool(held), "debit_accepted": may.has_access}


def _lasting(case: Case) -> Found:
    """A grant that lasts a period from its day."""
    count, unit = str(case["period"]).removesuffix("s").split()
    begun = case.day("effective")
    return {"clamped": Cadence(int(count), Unit(unit.upper())).boundary(begun, 1)}


def _linked(case: Case) -> Found:
    """Top-ups, and what is taken out of which."""
    held = {
        each["no"]: Grant(
            id=f"{each['no']:06d}",
            amount=decimal(each["amount"]),
            priority=each["priority"],
            effective_at=START,
        )
        for each in case["inbound"]
    }
    links: list[object] = []
    for out in case["outbound"]:
        taken = consume(held.values(), decimal(out["amount"]), NOW)
        if taken.short:
            return {"refused": True}
        links += [[int(no), out["kind"], amount] for no, amount in taken.by_grant.items()]
        held = {no: _less(grant, taken.by_grant) for no, grant in held.items()}
    return {"links": links, "remaining": [each.left for each in held.values()], "refused": False}


def _less(grant: Grant, taken: Mapping[str, Decimal]) -> Grant:
    return Grant(
        id=grant.id,
        amount=grant.amount,
        used=grant.used + taken.get(grant.id, Decimal(0)),
        priority=grant.priority,
        effective_at=grant.effective_at,
    )


def _voids(case: Case) -> Found:
    """Units of a wallet at a rate, and voided ones."""
    rate = case.number("rate")
    held = Grant(id="wallet", amount=case.number("credits"), effective_at=START)
    voided = []
    for plain in case["voids"]:
        taken = consume([held], decimal(plain), NOW).by_grant
        voided.append(worth(taken.get("wallet", Decimal(0)), rate))
        held = _less(held, taken)
    return {
        "value": worth(held.amount, rate),
        "void_values": voided,
        "remaining": worth(held.left, rate),
    }


def _overvoid(case: Case) -> Found:
    plain = str(case["void"])
    told = re.fullmatch(r"(above )?([\d.]+)", plain)
    if told is None:
        raise UnmappedError(f"void {plain!r}")
    amount = Decimal(told[2]) + (1 if told[1] else 0)
    held = [Grant(id="wallet", amount=case.number("balance"), effective_at=START)]
    return {"refused": not check_credits(held, amount, at=NOW).has_access}


def _wallets(case: Case) -> Found:
    """Wallets, some for one kind of fee, pay an invoice."""
    fees: dict[str, Decimal] = {}
    for each in case.inputs.get("fees", []):
        both = (decimal(each["amount"]), decimal(each.get("tax", 0)))
        fees[each["type"]] = sum(both, fees.get(each["type"], Decimal(0)))
    if not fees:
        fees = {case["fee_type"]: case.number("invoice")}
    wallets = [
        Wallet(
            Grant(
                id=each["id"],
                amount=decimal(each["balance"]),
                priority=each.get("priority", LAST),
                effective_at=START,
                created_at=START + index * HOUR,
            ),
            only=each.get("only"),
        )
        for index, each in enumerate(case["wallets"])
        if each.get("currency", case.currency.code) == case.currency.code
    ]
    paid = paid_by(fees, wallets, NOW)
    return {
        "used": {ident.replace(" ", "_"): amount for ident, amount in paid.items()},
        "total": sum(paid.values(), Decimal(0)),
    }


HOURS: Shape = ({"hours", "grants"}, _in_hours)
SHAPES: dict[str, list[Shape]] = {
    "grant_burn_down": [
        HOURS,
        ({"grant", "recurs"}, grants.found_in),
        ({"grant"}, _totalled),
        (set(), grants.found_in),
    ],
    "grant_void": [HOURS],
    "grant_recurrence": [HOURS],
    "grant_expiry": [
        HOURS,
        ({"credit", "expiry", "debit"}, _refused),
        ({"effective", "period"}, _lasting),
    ],
    "rollover": [HOURS, (set(), entitlements_windows.found_in)],
    "credit_burn_order": [
        HOURS,
        ({"grants", "need"}, _in_turn),
        ({"grants"}, _ordered),
        ({"credits", "need"}, _debited),
    ],
    "credit_ledger": [
        ({"inbound", "outbound"}, _linked),
        ({"credits", "voids"}, _voids),
        ({"balance", "void"}, _overvoid),
    ],
    "credit_conversion": [({"credits", "rate"}, _converted)],
    "credit_purchase": [({"credits", "unit_cost"}, _converted)],
    "credit_formula": [({"weights", "tokens"}, _weighted)],
    "credit_overdraft": [({"overdraft", "new_grant"}, _overdrawn)],
    "credit_settlement": [({"mode", "charge"}, _settled)],
    "credit_scope": [({"wallets"}, _wallets)],
    "balance_stacking": [({"balances"}, _stacked)],
    "seat_pool": [({"credits_per_seat"}, _pool), ({"seats", "change"}, seats_changed)],
    "auto_recharge": [({"threshold", "target", "balance"}, _recharged)],
}
TOPICS = SHAPES.keys()
