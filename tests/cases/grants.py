"""Cases of prepaid credit: whose turn it is, how much is taken, grants that are filled anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.cases.amounts import CENTS
from tests.cases.cadences import cadence_of
from tests.cases.publishers import SETTLES_OVERAGE
from tests.cases.values import Case, Found, UnmappedError, decimal
from usance.domain.credits.consuming import Use, burn_down, consume
from usance.domain.credits.grants import Grant, Recurrence
from usance.domain.invoicing.totals import Stated, payable, totals
from usance.domain.money import Money, round_minor
from usance.domain.tax.rates import TaxCategory

START = datetime(2024, 1, 1, tzinfo=UTC)
LATER = START + timedelta(days=365)
LENGTHS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
KNOWN = {"id", "amount", "t", "priority", "age_days"}
ALIKE = re.compile(r"(\d+) grants of (\d+), one expiring a day earlier")
AMOUNT = re.compile(r"([\d.]+)$")
PRIORITY = re.compile(r"priority (\d+)$")
FROM = re.compile(r"from (.+)$")
LEFT = re.compile(r"([\d.]+) left at start$")
WEEKLY = re.compile(r"(\w+) recurrence anchored at (.+)$")
ENDED = re.compile(r"(?:expires|expiring|until|voided|deleted)(?: at| on)? (.+)$")

PARTS = (AMOUNT, PRIORITY, LEFT, FROM, WEEKLY, ENDED)


def found_in(case: Case) -> Found:
    """What our grants make of a case."""
    for keys, read in SHAPES:
        if keys <= case.inputs.keys():
            return read(case)
    raise UnmappedError(f"inputs {', '.join(case.inputs)}")


def _drawn(case: Case) -> Found:
    """Grants listed with their ages, and amounts taken one after the other."""
    grants = [_listed(each) for each in case["grants"]]
    uses = [Use(LATER, decimal(each)) for each in case["consume"]]
    after = burn_down(grants, uses, until=LATER)
    taken = consume(grants, sum((use.amount for use in uses), Decimal(0)), LATER).by_grant
    every = {grant.id: taken.get(grant.id, Decimal(0)) for grant in grants}
    return {
        "from": every,
        "invoice_breakdown": every,
        "left": after.left,
        "overage": after.overage,
    }


def _listed(plain: Mapping[str, Any]) -> Grant:
    if unknown := plain.keys() - KNOWN:
        raise UnmappedError(f"grants with {', '.join(sorted(unknown))}")
    old = timedelta(days=plain.get("age_days", 0))
    return Grant(
        id=plain["id"],
        amount=decimal(plain["amount"]),
        priority=int(plain.get("priority", 1)),
        effective_at=START + timedelta(hours=plain.get("t", 0)) - old,
    )


def _burnt(case: Case) -> Found:
    """Grants by name, with or without a priority, and one use."""
    plain = case["grants"]
    if isinstance(plain, str):
        return _many_alike(plain, case.number("usage"))
    if not isinstance(plain, dict) or isinstance(case["usage"], list):
        raise UnmappedError("grants of another shape")
    grants = []
    for ident, terms in plain.items():
        amount, priority, ends = terms, 1, None
        if isinstance(terms, list):
            amount, priority, ends, *_ = [*terms, None]
        grants.append(
            Grant(
                id=ident,
                amount=decimal(amount),
                priority=priority,
                effective_at=START,
                expires_at=_instant(ends) if ends else None,
            )
        )
    after = burn_down(grants, [Use(START, case.number("usage"))], until=START)
    return {"left": after.left, "overage": after.overage}


def _many_alike(plain: str, usage: Decimal) -> Found:
    told = ALIKE.match(plain)
    if told is None:
        raise UnmappedError(f"grants {plain!r}")
    count, amount = int(told[1]), decimal(told[2])
    last = START + timedelta(days=30)
    grants = [
        Grant(id=f"g{n:06d}", amount=amount, effective_at=START, expires_at=last)
        for n in range(count - 1)
    ]
    earlier = Grant(
        id="the earlier one",
        amount=amount,
        effective_at=START,
        expires_at=last - timedelta(days=1),
    )
    grants.insert(count // 2, earlier)
    left = dict(burn_down(grants, [Use(START, usage)], until=START).left)
    first = left.pop(earlier.id)
    others = set(left.values())
    return {"left": {earlier.id: first, "each other": others.pop() if len(others) == 1 else None}}


def _recurring(case: Case) -> Found:
    """One grant that is filled anew, and dated uses."""
    told = re.match(r"(\w+) from (\S+)$", case["recurs"])
    if told is None:
        raise UnmappedError(f"recurs {case['recurs']!r}")
    begins = _instant(told[2])
    grant = Grant(
        id="grant",
        amount=case.number("grant"),
        effective_at=begins,
        recurs=Recurrence(cadence_of(told[1]), begins),
    )
    return _left_at([grant], case["usage"], case)["grant"]


def _told(case: Case) -> Found:
    """Grants told in words, with times relative to the start."""
    names = [key for key in case.inputs if re.fullmatch(r"g\d+", key)]
    grants = [_in_words(name, case[name]) for name in names]
    found = _left_at(grants, case["usage_after_start"], case)
    left = {name: each["left"] for name, each in found.items()}
    return {"left": left, "overage": next(iter(found.values()))["overage"]}


def _in_words(ident: str, plain: str) -> Grant:
    """A grant told in parts, such as `100, priority 3, from -1 d, 80 left at start`."""
    told: dict[re.Pattern[str], re.Match[str]] = {}
    for part in plain.split(", "):
        found = next((found for each in PARTS if (found := each.match(part))), None)
        if found is None:
            raise UnmappedError(f"grant {plain!r}")
        told[found.re] = found
    whole = decimal(told[AMOUNT][1])
    recurs, ends = told.get(WEEKLY), told.get(ENDED)
    return Grant(
        id=ident,
        amount=whole,
        used=whole - decimal(told[LEFT][1]) if LEFT in told else Decimal(0),
        priority=int(told[PRIORITY][1]) if PRIORITY in told else 1,
        effective_at=_instant(told[FROM][1]) if FROM in told else START,
        expires_at=_instant(ends[1]) if ends else None,
        recurs=Recurrence(cadence_of(recurs[1]), _instant(recurs[2])) if recurs else None,
    )


def _left_at(
    grants: Sequence[Grant], uses: Sequence[Mapping[str, Any]], case: Case
) -> dict[str, dict[str, object]]:
    after = burn_down(
        grants,
        [Use(_instant(each["at"]), decimal(each["qty"])) for each in uses],
        until=_instant(case["until"]),
        settles_overage=case.publisher in SETTLES_OVERAGE,
    )
    return {ident: {"left": left, "overage": after.overage} for ident, left in after.left.items()}


def _instant(plain: str) -> datetime:
    """`2024-01-01T01Z`, or so much before or after the start: `+1d -1s`."""
    if re.match(r"\d{4}-", plain):
        return datetime.fromisoformat(plain)
    parts = re.findall(r"([+-]?\d+) ?(min|[shdw])", plain)
    if not parts:
        raise UnmappedError(f"instant {plain!r}")
    return START + sum((timedelta(**{LENGTHS[u]: int(n)}) for n, u in parts), timedelta())


def _capped(case: Case) -> Found:
    """A document of rounded lines, taxed as a whole, paid from a wallet as far as it goes."""
    lines = [round_minor(decimal(each), CENTS) for each in case["lines_exact_cents"]]
    rate = case.number("tax_pct")
    made = totals([Stated(line, TaxCategory.STANDARD, rate) for line in lines], CENTS)
    wallet = Grant(id="wallet", amount=case.number("wallet"), effective_at=START)
    drawn = consume([wallet], made.gross.amount, START).by_grant.get("wallet", Decimal(0))
    used = Money.parse(str(drawn), CENTS)
    return {
        "fees": made.line_sum,
        "tax": made.tax,
        "total_before_credit": made.gross,
        "credit_used": used,
        "due": payable(made.gross, used, Money.zero(CENTS)),
    }


TOPICS = {"prepaid_drawdown", "prepaid_cap_rounding", "grant_burn_down"}
# The first shape whose keys are all there.
SHAPES: list[tuple[set[str], Callable[[Case], Found]]] = [
    ({"lines_exact_cents", "wallet"}, _capped),
    ({"grants", "consume"}, _drawn),
    ({"usage_after_start"}, _told),
    ({"grant", "recurs"}, _recurring),
    ({"grants", "usage"}, _burnt),
]
