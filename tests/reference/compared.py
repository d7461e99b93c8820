"""One contract by both engines: where they differ, and the smallest order forms that show it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

from tests.reference import billed
from tests.reference.amounts import Due
from tests.reference.at_random import Signed
from tests.reference.engine import all_due
from usance.domain.errors import Invalid

Form = dict[str, Any]
Comes = Mapping[str, int]  # to how many minor units, by slice or by line


def differences(contract: Signed, deal: billed.Deal | None = None) -> list[str]:
    """Where the engine differs from the reference engine, or from itself in many runs."""
    deal = deal or billed.deal(contract.forms)
    now = billed.contract_of(deal.orders)
    by_engine = billed.at_once(now, contract.usage)
    by_reference = all_due(deal.forms, contract.usage, digits=contract.digits)
    apart = _settled_early(deal.forms)
    found = [
        f"{what}: the engine says {ours}, the reference {theirs}"
        for what, ours, theirs in _unlike(_slices(by_engine, apart), _slices(by_reference, apart))
    ]
    in_runs = billed.in_runs(*_arriving(contract, deal))
    for what, ours, theirs in _unlike(in_runs, _lines(by_engine)):
        found.append(f"{what}: billed {ours} in many runs, {theirs} at once")
    return found


def _arriving(contract: Signed, deal: billed.Deal) -> tuple[Any, ...]:
    """The orders in the sequence in which they arrive, and the days up to which runs bill."""
    chance = Random(contract.seed)
    orders = list(deal.orders)
    if chance.random() < 0.3:
        later = orders[1:]
        chance.shuffle(later)
        orders[1:] = later
    start = orders[0].term.start

    def next_run() -> date:
        return start + timedelta(days=chance.randint(-5, 1500))

    return orders, contract.usage, next_run


def _settled_early(forms: Sequence[Mapping[str, Any]]) -> set[str]:
    """Lines billed by a plan of a contract that was ended: how the plan is settled then is the
    engine's own affair, what it comes to is not.
    """
    if forms[-1]["kind"] != "TERMINATION":
        return set()
    lines = [line for form in forms for line in form.get("lines", [])]
    return {line["lineId"] for line in lines if "billing" not in line}


def _lines(dues: Iterable[Due]) -> Comes:
    out: Counter[str] = Counter()
    for due in dues:
        out[due.ref] += due.net
    return out


def _slices(dues: Iterable[Due], apart: set[str]) -> Comes:
    out: Counter[str] = Counter()
    for due in dues:
        whole = due.ref in apart
        out[due.ref if whole else f"{due.ref} {due.start}..{due.end}"] += due.net
    return out


def _unlike(ours: Comes, theirs: Comes) -> Iterator[tuple[str, int, int]]:
    for key in sorted({*ours, *theirs}):
        one, other = ours.get(key, 0), theirs.get(key, 0)
        if one != other:
            yield key, one, other


def told(contract: Signed) -> str:
    """The differences of a contract, shown by as few orders, lines and changes as will do."""
    least = _least(contract)
    used = {name: {str(day): str(q) for day, q in of.items()} for name, of in least.usage.items()}
    return "\n".join(
        [
            f"contract {contract.seed}",
            *differences(least)[:10],
            *(json.dumps(form) for form in least.forms),
            f"usage: {json.dumps(used)}",
        ]
    )


def _least(contract: Signed) -> Signed:
    """Leave out one thing after the other, as long as something still differs."""
    found = contract
    while True:
        smaller = next((each for each in _smaller(found) if _still_differs(each)), None)
        if smaller is None:
            return found
        found = smaller


def _smaller(contract: Signed) -> Iterator[Signed]:
    for name in contract.usage:
        yield replace(contract, usage={k: v for k, v in contract.usage.items() if k != name})
    for index in reversed(range(1, len(contract.forms))):
        yield replace(contract, forms=contract.forms[:index] + contract.forms[index + 1 :])
    for index, form in enumerate(contract.forms):
        for key in ("lines", "changes"):
            for place in range(len(form.get(key, []))):
                forms: list[Form] = deepcopy(contract.forms)
                del forms[index][key][place]
                yield replace(contract, forms=forms)
        for key in ("uplift", "renewal", "discounts", "freeMonths", "billingDay"):
            if key in form:
                forms = deepcopy(contract.forms)
                del forms[index][key]
                yield replace(contract, forms=forms)


def _still_differs(contract: Signed) -> bool:
    try:
        return bool(differences(contract))
    except (Invalid, billed.Troubled):
        return False
