"""What is wrong with a plan of dates: a schedule that does not come to the price of its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from usance.domain.calendar import LAST_DAY
from usance.domain.contracts.contract import ContractLine
from usance.domain.contracts.instalments import Milestone, by_milestones
from usance.domain.contracts.order import Instalment, OrderLine
from usance.domain.contracts.value import line_value
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import LineId, OrderId
from usance.domain.money import Currency, total

MAX_INSTALMENTS = 120
REACH = timedelta(days=400)  # beyond it, before or after the service, a date was mistyped
DAY = timedelta(days=1)
WHOLE = Decimal(100)
REST = "or a last instalment without percent and amount, which takes the rest"


def plan_problems(line: OrderLine) -> Iterator[Problem]:
    """What shows without knowing the price of the line; paths as in its form."""
    plan = line.plan
    for index, part in enumerate(plan):
        for problem in _part_problems(part, is_last=index == len(plan) - 1):
            yield problem.under(f"plan[{index}]")
    for index, (before, part) in enumerate(pairwise(plan), start=1):
        if part.on <= before.on:
            expected = f"a day after {before.on}: the dates of a plan ascend, each once"
            yield Problem("PlanNotInOrder", f"plan[{index}].on", str(part.on), expected)
    yield from _reach_problems(line)
    yield from _percent_problems(plan)


def plan_amount_problems(line: OrderLine, of: Currency) -> Iterator[Problem]:
    """Where amounts and percentages do not come to what the line costs over its window.

    Of a line whose end, and so whose price, is not known yet nothing is said.
    """
    plan = line.plan
    if not plan or all(part.amount is None for part in plan) or line.window.end == LAST_DAY:
        return
    alone = ContractLine(LineId(line.ref), OrderId(""), replace(line, plan=()))
    price = line_value(alone, of)
    asked = [Milestone(name=each.name, amount=each.amount, percent=each.percent) for each in plan]
    try:
        by_milestones(asked, price)
    except Invalid:
        said = total([each.amount for each in plan if each.amount is not None], of)
        percent = _sum_of_percents(plan)
        shown = said.text if not percent else f"{said.text} and {percent:f} %"
        expected = f"{price.text}, what the line comes to, {REST}"
        yield Problem("PlanNotWhole", "plan", shown, expected)


def _part_problems(part: Instalment, *, is_last: bool) -> Iterator[Problem]:
    if part.percent is not None and part.amount is not None:
        expected = "a percent or an amount, not both"
        yield Problem("AmbiguousInstalment", "amount", part.amount.text, expected)
    if part.percent is not None and not 0 <= part.percent <= WHOLE:
        yield Problem("InvalidInstalment", "percent", f"{part.percent:f}", "0 to 100")
    if part.amount is not None and part.amount.is_negative:
        yield Problem("InvalidInstalment", "amount", part.amount.text, "zero or more")
    if part.percent is None and part.amount is None and not is_last:
        expected = "a percent or an amount: only the last instalment takes the rest"
        yield Problem("InvalidInstalment", "percent", "", expected)


def _reach_problems(line: OrderLine) -> Iterator[Problem]:
    first, last = line.window.start - REACH, min(line.window.end + REACH, LAST_DAY - DAY)
    for index, part in enumerate(line.plan):
        if not first <= part.on <= last:
            expected = f"a day from {first} to {last}, near the service"
            yield Problem("PlanOutOfReach", f"plan[{index}].on", str(part.on), expected)


def _percent_problems(plan: tuple[Instalment, ...]) -> Iterator[Problem]:
    """Percentages alone come to 100; beside amounts or a rest, to no more."""
    if not plan:
        return
    found = _sum_of_percents(plan)
    is_alone = all(part.percent is not None for part in plan)
    if found > WHOLE or (is_alone and found != WHOLE):
        yield Problem("PlanNotWhole", "plan", f"{found:f} %", f"100 % in all, {REST}")


def _sum_of_percents(plan: tuple[Instalment, ...]) -> Decimal:
    return sum((part.percent for part in plan if part.percent is not None), Decimal(0))
