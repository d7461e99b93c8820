"""Defining features: new ones, and existing ones anew; never into something else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from usance.domain.catalog import (
    Aggregation,
    Condition,
    Feature,
    FeatureType,
    Filter,
    Meter,
    MeterType,
    Operation,
)
from usance.domain.errors import NotFound
from usance.domain.ids import FeatureId
from usance.flows.define_feature import FeatureKindIsFixed, define_feature
from usance.flows.runtime import Runtime, Scope
from usance.store import audit, features

EU = Filter(
    (
        Condition("region", Operation.IN, ("eu", "uk")),
        Condition("cached", Operation.IS_NULL),
    )
)
TOKENS = Feature(
    id=FeatureId("tokens"),
    display_name="Tokens",
    meter_type=MeterType.INCREMENTAL,
    meter=Meter("completion", Aggregation.SUM, "tokens", (EU,)),
    units="token",
    units_plural="tokens",
    metadata={"team": "Ökosystem"},
)


def stored(runtime: Runtime, scope: Scope) -> Feature:
    with runtime.transaction(scope) as tx:
        return features.one(tx, "tokens")


def acts(runtime: Runtime, scope: Scope) -> list[tuple[str, str | None, str]]:
    with runtime.transaction(scope) as tx:
        return [
            (row.actor, row.before and row.before["display_name"], row.after["display_name"])
            for row in audit.of_subject(tx, "tokens")
        ]


def test_a_feature_is_kept_as_it_was_defined(runtime: Runtime, scope: Scope) -> None:
    assert define_feature(runtime, scope, TOKENS) == TOKENS
    assert stored(runtime, scope) == TOKENS


def test_defining_it_again_replaces_it_and_says_who_did(runtime: Runtime, scope: Scope) -> None:
    renamed = replace(TOKENS, display_name="LLM tokens", meter=None, metadata={})
    define_feature(runtime, scope, TOKENS)
    define_feature(runtime, scope, renamed)
    assert stored(runtime, scope) == renamed
    assert acts(runtime, scope) == [("test", None, "Tokens"), ("test", "Tokens", "LLM tokens")]


def test_defining_it_again_just_so_leaves_no_trace(runtime: Runtime, scope: Scope) -> None:
    define_feature(runtime, scope, TOKENS)
    define_feature(runtime, scope, TOKENS)
    assert acts(runtime, scope) == [("test", None, "Tokens")]


@pytest.mark.parametrize(
    "other",
    [
        replace(TOKENS, meter_type=MeterType.FLUCTUATING),
        replace(TOKENS, meter_type=MeterType.NONE, meter=None),
        replace(TOKENS, feature_type=FeatureType.ENUM, meter_type=MeterType.NONE, meter=None),
    ],
)
def test_a_feature_never_becomes_another_kind(
    runtime: Runtime, scope: Scope, other: Feature
) -> None:
    define_feature(runtime, scope, TOKENS)
    with pytest.raises(FeatureKindIsFixed, match="Feature tokens cannot become"):
        define_feature(runtime, scope, other)
    assert stored(runtime, scope) == TOKENS
    assert len(acts(runtime, scope)) == 1


def test_two_who_define_one_feature_differently_at_once_do_not_mix_its_kinds(
    runtime: Runtime, scope: Scope
) -> None:
    together = Barrier(2)

    def define(feature: Feature) -> Feature | None:
        together.wait(timeout=30)
        try:
            return define_feature(runtime, scope, feature)
        except FeatureKindIsFixed:
            return None

    seats = replace(TOKENS, meter_type=MeterType.FLUCTUATING)
    with ThreadPoolExecutor(2) as pool:
        defined = list(pool.map(define, [TOKENS, seats]))
    assert [stored(runtime, scope)] == [each for each in defined if each is not None]


def test_features_are_one_environments(runtime: Runtime, scope: Scope, other_scope: Scope) -> None:
    define_feature(runtime, scope, TOKENS)
    with pytest.raises(NotFound, match="There is no feature 'tokens'"):
        stored(runtime, other_scope)
