"""What of a feature decides how its sources are combined: its kind and three settings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from usance.domain.catalog import Feature, FeatureType, MeterType
from usance.domain.errors import Invalid, Problem


class Kind(StrEnum):
    """What is asked of a feature: whether, which value, which of a list, or how much is left."""

    BOOLEAN = "BOOLEAN"
    CONFIGURATION = "CONFIGURATION"  # a number to read; nothing is used up
    ENUM = "ENUM"
    METERED = "METERED"

    @property
    def is_number(self) -> bool:
        """True when sources give limits or values that are numbers."""
        return self in (Kind.CONFIGURATION, Kind.METERED)


class Combine(StrEnum):
    """What an add-on's number does with that of its subscription."""

    ADD = "ADD"  # plan + add-on x quantity
    MAX = "MAX"  # the more generous of plan and add-on x quantity
    REPLACE = "REPLACE"  # a level of its own in the chain: over the plan, under the plan version


class Across(StrEnum):
    """What the numbers of several subscriptions come to. Trials and grants never add up."""

    MOST_GENEROUS = "MOST_GENEROUS"
    SUM = "SUM"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRules:
    """How the sources of one feature are combined.

    `combine` None: metered limits of add-ons add up, configured numbers take the more generous.
    `is_lower_generous`: the smaller number is the better one, such as a minimum interval.
    Raises Invalid (InvalidGenerosity) when smaller is better and numbers would be added.
    """

    kind: Kind
    combine: Combine | None = None
    across: Across = Across.MOST_GENEROUS
    is_lower_generous: bool = False
    is_disabled: bool = False

    def __post_init__(self) -> None:
        adds = self.add_ons is Combine.ADD or self.across is Across.SUM
        if self.is_lower_generous and (self.kind is not Kind.CONFIGURATION or adds):
            expected = "a configured number whose sources are not added up"
            raise Invalid(Problem("InvalidGenerosity", "isLowerGenerous", "true", expected))

    @property
    def add_ons(self) -> Combine:
        """What its add-ons do unless they say otherwise."""
        if self.combine is not None:
            return self.combine
        return Combine.ADD if self.kind is Kind.METERED else Combine.MAX


def kind_of(feature: Feature) -> Kind:
    """What is asked of a feature of the catalogue."""
    match feature.feature_type:
        case FeatureType.BOOLEAN:
            return Kind.BOOLEAN
        case FeatureType.ENUM:
            return Kind.ENUM
        case FeatureType.NUMBER:
            return Kind.CONFIGURATION if feature.meter_type is MeterType.NONE else Kind.METERED
        case _:
            assert_never(feature.feature_type)
