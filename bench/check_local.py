"""Check in process: of a metered entitlement by the client, beside flags of other libraries.

All answer the same question of the same customer from memory, in turns: may acme make one more
call? Ours compares usage with a limit, counts windows and says how fresh it is; the others look at
a rule about the customer alone. Each figure is the median time of a call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

from flag_engine.context.types import EvaluationContext as FlagsmithContext
from flag_engine.engine import get_evaluation_result
from growthbook import GrowthBook
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from bench.figure import Figure, at_most
from usance_client import UsanceClient
from usance_client.snapshot import snapshot_from

CUSTOMER, FLAG = "acme", "api-calls"
CALLS, TURNS = 500, 200
GOAL_US = 2.0
SWITCHES = 50  # other features of the customer
Question = Callable[[], bool]


def run() -> Iterator[Figure]:
    """At most GOAL_US microseconds, and less than each of the others."""
    with _usance() as usance:
        asked: dict[str, Question] = {
            "usance": usance,
            "growthbook": _growthbook(),
            "flagsmith-flag-engine": _flagsmith(),
            "openfeature in memory": _openfeature(),
        }
        times = _medians(asked)
    ours = times.pop("usance")
    yield at_most(
        "check_local",
        value=ours * 1e6,
        limit=GOAL_US,
        goal=1,
        unit="us",
        note="median of a metered check / what it may take",
    )
    for name, theirs in times.items():
        yield at_most(
            "check_local",
            value=ours * 1e6,
            limit=theirs * 1e6,
            goal=1,
            unit="us",
            note=f"beside {name}",
        )


def _medians(asked: dict[str, Question]) -> dict[str, float]:
    """Seconds of a call, in turns, so that all of them feel the same machine."""
    for name, question in asked.items():
        assert question() is True, f"{name} lets acme through"
    seconds: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(TURNS):
        for name, question in asked.items():
            start = time.perf_counter()
            for _ in range(CALLS):
                question()
            seconds[name].append((time.perf_counter() - start) / CALLS)
    return {name: median(each) for name, each in seconds.items()}


@contextmanager
def _usance() -> Iterator[Question]:
    """The client, with a snapshot that came a moment ago."""
    with UsanceClient("key", "http://127.0.0.1:9", is_on_demand=False) as client:
        client._knowledge.put_asked(snapshot_from(_snapshot()))

        def ask() -> bool:
            return client.check(CUSTOMER, FLAG, 1).has_access

        yield ask


def _snapshot() -> dict[str, object]:
    reset = {"period": "MONTH", "count": 1, "anchor": "2025-01-31T09:00:00Z", "zone": "UTC"}
    limited = {"limit": "1000", "isSoft": False, "reset": reset, "currentUsage": "0"}
    switches = {
        f"switch-{index}": {"kind": "BOOLEAN", "isGranted": True} for index in range(SWITCHES)
    }
    calls = {"kind": "METERED", "isGranted": True, "allowances": [limited]}
    return {"customerId": CUSTOMER, "features": {**switches, FLAG: calls}}


def _growthbook() -> Question:
    rule = {"condition": {"id": CUSTOMER}, "force": True}
    switches = {f"switch-{index}": {"defaultValue": True} for index in range(SWITCHES)}
    book = GrowthBook(
        attributes={"id": CUSTOMER},
        features={**switches, FLAG: {"defaultValue": False, "rules": [rule]}},
    )
    return lambda: bool(book.is_on(FLAG))


def _flagsmith() -> Question:
    """With this flag alone: the engine evaluates all that an environment has at once."""
    context: FlagsmithContext[object, object] = {
        "environment": {"key": "env", "name": "bench"},
        "identity": {"identifier": CUSTOMER, "key": CUSTOMER, "traits": {"customer": CUSTOMER}},
        "features": {FLAG: {"key": "1", "name": FLAG, "enabled": False, "value": None}},
        "segments": {
            "1": {
                "key": "1",
                "name": "entitled",
                "rules": [
                    {
                        "type": "ALL",
                        "conditions": [
                            {"property": "customer", "operator": "EQUAL", "value": CUSTOMER}
                        ],
                    }
                ],
                "overrides": [{"key": "2", "name": FLAG, "enabled": True, "value": None}],
            }
        },
    }
    return lambda: bool(get_evaluation_result(context)["flags"][FLAG]["enabled"])


def _openfeature() -> Question:
    def evaluate(
        flag: InMemoryFlag[bool], context: EvaluationContext
    ) -> FlagResolutionDetails[bool]:
        variant = "on" if context.targeting_key == CUSTOMER else flag.default_variant
        return FlagResolutionDetails(flag.variants[variant], None, None, Reason.TARGETING_MATCH)

    variants = {"on": True, "off": False}
    switches = {f"switch-{index}": InMemoryFlag("on", variants) for index in range(SWITCHES)}
    flags = {**switches, FLAG: InMemoryFlag("off", variants, context_evaluator=evaluate)}
    api.set_provider(InMemoryProvider(flags), "bench")
    client, context = api.get_client("bench"), EvaluationContext(CUSTOMER)
    return lambda: client.get_boolean_value(FLAG, False, context)
