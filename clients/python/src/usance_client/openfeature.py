"""A provider for OpenFeature: entitlements as flags, answered from the client's memory.

The targeting key is the customer. The attributes `resourceId`, `requestedUsage` and
`requestedValues` of a context are asked about as in `check`. A boolean flag is whether they have
it, or may use so much; an integer or float the configured number or limit; a string or an object
of a list its values; any other object all of the decision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import (
    InvalidContextError,
    OpenFeatureError,
    TargetingKeyMissingError,
    TypeMismatchError,
)
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.provider import AbstractProvider, Metadata
from openfeature.track import TrackingEventDetails

from usance_client.client import UsanceClient
from usance_client.decision import Decision, Kind
from usance_client.quantity import LARGEST_WHOLE
from usance_client.sidecar.wire import decision_wire

T = TypeVar("T")
Structure = Sequence[FlagValueType] | Mapping[str, FlagValueType]
Context = EvaluationContext | None
NUMBERS = (Kind.CONFIGURATION, Kind.METERED)


class UsanceProvider(AbstractProvider):
    """Flags from what a client knows. `shutdown` closes the client.

    While nothing is known of a customer the default of the call is answered with reason DEFAULT;
    what a client was given as the fallback of that feature goes before.
    """

    def __init__(self, client: UsanceClient) -> None:
        super().__init__()
        self._client = client

    def get_metadata(self) -> Metadata:
        """Its name."""
        return Metadata(name="Usance")

    def shutdown(self) -> None:
        """Send what waits and end."""
        self._client.close()

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,  # noqa: FBT001 - as OpenFeature has it
        evaluation_context: Context = None,
    ) -> FlagResolutionDetails[bool]:
        """Whether they have it; of a meter, whether they may use `requestedUsage` more."""
        return self._resolved(flag_key, default_value, evaluation_context, _access)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: Context = None
    ) -> FlagResolutionDetails[str]:
        """The values of a list, in order, with commas between them."""
        return self._resolved(flag_key, default_value, evaluation_context, _text)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: Context = None
    ) -> FlagResolutionDetails[int]:
        """A whole number; 2^53 - 1 when unlimited."""
        return self._resolved(flag_key, default_value, evaluation_context, _whole)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: Context = None
    ) -> FlagResolutionDetails[float]:
        """A number; infinity when unlimited. A binary float: compare limits with `check`."""
        return self._resolved(flag_key, default_value, evaluation_context, _fraction)

    def resolve_object_details(
        self, flag_key: str, default_value: Structure, evaluation_context: Context = None
    ) -> FlagResolutionDetails[Structure]:
        """The values of a list; of anything else the decision, numbers as text."""
        return self._resolved(flag_key, default_value, evaluation_context, _structure)

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: Context = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """An event for the meters, with a `value` as the dimension of that name.

        Raises TargetingKeyMissingError without a customer, UsageNotTaken.
        """
        customer_id, resource_id = _who(evaluation_context)
        dimensions: dict[str, str | int | float | bool] = {}
        if tracking_event_details is not None:
            said = tracking_event_details.attributes.items()
            dimensions = {
                name: each for name, each in said if isinstance(each, str | int | float | bool)
            }
            if tracking_event_details.value is not None:
                dimensions["value"] = tracking_event_details.value
        self._client.track(
            customer_id, tracking_event_name, resource_id=resource_id, dimensions=dimensions
        )

    def _resolved(
        self, flag_key: str, default: T, context: Context, read: Callable[[Decision], T | None]
    ) -> FlagResolutionDetails[T]:
        try:
            decision = self._decision(flag_key, context)
            is_default = decision.is_fallback and not self._client.has_fallback(flag_key)
            value = None if is_default else read(decision)
        except OpenFeatureError as problem:
            return FlagResolutionDetails(
                value=default,
                reason=Reason.ERROR,
                error_code=problem.error_code,
                error_message=problem.error_message,
            )
        return FlagResolutionDetails(
            value=default if value is None else value,
            reason=_reason(decision, is_default=value is None),
            variant="granted" if decision.has_access else "denied",
            flag_metadata=_metadata(decision),
        )

    def _decision(self, flag_key: str, context: Context) -> Decision:
        customer_id, resource_id = _who(context)
        attributes: Mapping[str, object] = {} if context is None else context.attributes
        requested = attributes.get("requestedUsage", 0)
        values = attributes.get("requestedValues", ())
        if not isinstance(requested, int | str) or isinstance(requested, bool):
            raise InvalidContextError("requestedUsage: an integer or text such as '0.5'")
        if not isinstance(values, Sequence) or isinstance(values, str):
            raise InvalidContextError("requestedValues: a list of texts")
        try:
            return self._client.check(
                customer_id, flag_key, requested, requested_values=values, resource_id=resource_id
            )
        except ValueError as problem:
            raise InvalidContextError(str(problem)) from problem


def _who(context: Context) -> tuple[str, str | None]:
    if context is None or not context.targeting_key:
        raise TargetingKeyMissingError("the targeting key is the id of the customer")
    resource_id = context.attributes.get("resourceId")
    if resource_id is not None and not isinstance(resource_id, str):
        raise InvalidContextError("resourceId: text")
    return context.targeting_key, resource_id


def _reason(decision: Decision, *, is_default: bool) -> Reason:
    if is_default or decision.is_fallback:
        return Reason.DEFAULT
    return Reason.STALE if decision.is_stale else Reason.TARGETING_MATCH


def _metadata(decision: Decision) -> dict[str, bool | int | float | str]:
    told = {"isStale": decision.is_stale, "isFallback": decision.is_fallback}
    reason = decision.denial_reason
    return {**told, "denialReason": str(reason)} if reason else {**told}


def _access(decision: Decision) -> bool:
    return decision.has_access


def _number(decision: Decision) -> Decimal | None:
    """The number; None when there is none for them. Raises TypeMismatchError."""
    if decision.kind not in (*NUMBERS, None):
        raise TypeMismatchError(f"the feature is {decision.kind}, no number")
    if decision.is_unlimited:
        return Decimal("Infinity")
    is_used_up = decision.kind is Kind.METERED
    return decision.limit if decision.has_access or is_used_up else None


def _whole(decision: Decision) -> int | None:
    number = _number(decision)
    if number is None:
        return None
    if number.is_infinite():
        return LARGEST_WHOLE
    if number != int(number):
        raise TypeMismatchError(f"{number} is no whole number")
    return int(number)


def _fraction(decision: Decision) -> float | None:
    number = _number(decision)
    if number is None:
        return None
    return math.inf if number.is_infinite() else float(number)


def _text(decision: Decision) -> str | None:
    if decision.kind not in (Kind.ENUM, None):
        raise TypeMismatchError(f"the feature is {decision.kind}, no list of texts")
    return ",".join(sorted(decision.values)) if decision.has_access else None


def _structure(decision: Decision) -> Structure | None:
    if decision.kind is Kind.ENUM and decision.has_access:
        return sorted(decision.values)
    return decision_wire(decision)
