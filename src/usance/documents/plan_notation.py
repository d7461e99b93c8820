"""Plans: a line billed on dates of its own, in their notation.

Written out (`plan: [{on, percent}, ...]`), in equal parts (`instalments: {count, every, firstOn}`),
or with a deposit before either of them or before the rest (`balanceOn`). All of them read as the
same instalments, and are written back as a plan.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from usance.documents.plain import (
    Fields,
    amount,
    cadence,
    day,
    each,
    given,
    name,
    number,
    raise_all,
    refusal,
    whole,
)
from usance.domain.calendar import Cadence
from usance.domain.contracts.order import Instalment
from usance.domain.contracts.plan_problems import MAX_INSTALMENTS, WHOLE
from usance.domain.errors import Invalid
from usance.domain.money import MAX_DECIMALS, Currency

KEYS = ("plan", "instalments", "deposit", "balanceOn")
DEPOSIT, BALANCE = "Deposit", "Balance"
INSTALMENT = re.compile(r"plan(?:\[(?P<index>\d+)\](?P<rest>.*))?$")
LEAST = Decimal(1).scaleb(-MAX_DECIMALS)
Plan = tuple[Instalment, ...]


def has_plan(fields: Fields) -> bool:
    """True when the line says on which dates it is billed."""
    return any(fields.has(key) for key in KEYS)


def plan_from(fields: Fields, *, start: date, of: Currency) -> Plan:
    """The plan of the line in `fields`, which begins on `start`. Problems are noted there."""
    deposit = fields.take("deposit", partial(_deposit, start=start, of=of), None)
    written = fields.take("plan", partial(_written, of=of), ())
    equal = fields.take("instalments", partial(_equal, start=start, deposit=deposit), ())
    balance_on = fields.take("balanceOn", day, None)
    said = [key for key in ("plan", "instalments", "balanceOn") if fields.has(key)]
    for key in said[1:]:
        fields.refuse("AmbiguousPlan", key, "", f"nothing beside {said[0]}")
    if fields.has("deposit") and not said:
        expected = "balanceOn, the day the rest falls due; or a plan, or instalments"
        fields.refuse("MissingField", "balanceOn", "", expected)
    if said == ["balanceOn"] and not fields.has("deposit"):
        fields.refuse("MissingField", "deposit", "", "a deposit, which the balance follows")
    balance = () if balance_on is None else (Instalment(on=balance_on, name=BALANCE),)
    first = () if deposit is None else (deposit,)
    return (*first, *written, *equal, *balance)


def plain_plan(plan: Plan) -> list[dict[str, object]]:
    """The plan written out."""
    return [
        given(
            on=part.on.isoformat(),
            percent=None if part.percent is None else f"{part.percent:f}",
            amount=None if part.amount is None else part.amount.text,
            name=part.name,
        )
        for part in plan
    ]


def as_written(path: str, line: Mapping[str, object]) -> str:
    """Where in the form of a line the instalment stands that a path into its plan is about."""
    match = INSTALMENT.match(path)
    if match is None:
        return path
    said = next((key for key in ("plan", "instalments", "balanceOn") if key in line), "deposit")
    if match["index"] is None:
        return "deposit" if said == "balanceOn" else said
    index = int(match["index"])
    if "deposit" in line:
        if index == 0:
            return f"deposit{match['rest']}"
        index -= 1
    if said == "plan":
        return f"plan[{index}]{match['rest']}"
    return "instalments.firstOn" if (said, index) == ("instalments", 0) else said


def _written(value: object, path: str, *, of: Currency) -> Plan:
    parts = each(partial(_instalment, of=of), most=MAX_INSTALMENTS)(value, path)
    if not parts:
        raise refusal("PlanNotWhole", path, value, "at least one instalment")
    return parts


def _instalment(plain: object, path: str, *, of: Currency) -> Instalment:
    fields = Fields(plain, path)
    on = fields.need("on", day)
    percent = fields.take("percent", number, None)
    fixed = fields.take("amount", amount(of), None)
    called = fields.take("name", name, "")
    return fields.made(lambda: Instalment(on=on, percent=percent, amount=fixed, name=called))


def _deposit(plain: object, path: str, *, start: date, of: Currency) -> Instalment:
    fields = Fields(plain, path)
    percent = fields.take("percent", number, None)
    fixed = fields.take("amount", amount(of), None)
    on = fields.take("on", day, start)
    if not fields.has("percent") and not fields.has("amount"):
        fields.refuse("MissingField", "percent", "", "a percent or an amount")
    return fields.made(lambda: Instalment(on=on, percent=percent, amount=fixed, name=DEPOSIT))


class _Steps(NamedTuple):
    """So many `days`, from `first` on, `every` so often."""

    days: int
    every: Cadence
    first: date


def _equal(plain: object, path: str, *, start: date, deposit: Instalment | None) -> Plan:
    """So many equal parts of what a deposit leaves; the last takes what rounding left."""
    fields = Fields(plain, path)
    count = fields.need("count", _count)
    every = fields.need("every", cadence)
    first_on = fields.take("firstOn", day, start)
    if deposit is not None and deposit.percent is None:
        expected = "a deposit in percent, or a plan: what is left of an amount has no equal parts"
        fields.problems += refusal("AmbiguousPlan", path, plain, expected).problems
    steps = fields.made(lambda: _Steps(count, every, first_on))
    paid = Decimal(0) if deposit is None or deposit.percent is None else deposit.percent
    percent = ((WHOLE - paid) / count).quantize(LEAST).normalize()
    days = _days(steps, path)
    return (
        *(Instalment(on=on, percent=percent) for on in days[:-1]),
        Instalment(on=days[-1]),
    )


def _days(steps: _Steps, path: str) -> list[date]:
    try:
        return [steps.every.boundary(steps.first, index) for index in range(steps.days)]
    except Invalid as refused:
        raise_all([problem.under(path) for problem in refused.problems])
        raise


def _count(value: object, path: str) -> int:
    count = whole(value, path)
    if not 1 <= count <= MAX_INSTALMENTS:
        raise refusal("InvalidInstalments", path, value, f"1 to {MAX_INSTALMENTS} instalments")
    return count
