"""Entitlements over HTTP, in the wire of Stigg's SDKs: listed, checked; and explained."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.routing import APIRoute

from usance.api.access.checking import PATH, Checks
from usance.api.access.explained import ExplainedWire, explained
from usance.api.access.question import parameters, question_of
from usance.api.access.wire import (
    CreditEntitlementWire,
    EntitlementsWire,
    FeatureEntitlementWire,
    entitlements,
)
from usance.api.caller import Asked
from usance.api.envelope import Single
from usance.api.fields import ID_PATTERN, PathId
from usance.api.queries import join_lists
from usance.api.reading import refuse_nul
from usance.api.route import resource
from usance.domain.errors import Invalid
from usance.domain.ids import CustomerId
from usance.store import access_views
from usance.store.access_views import Asked as AskedAccess
from usance.store.access_views import View

TAG = "Entitlements"
TEXT = {"schema": {"type": "string", "minLength": 1, "maxLength": 255}}
ID = {"schema": {"type": "string", "pattern": ID_PATTERN, "maxLength": 255}}
ResourceId = Annotated[
    str | None,
    Query(
        alias="resourceId",
        pattern=ID_PATTERN,
        max_length=255,
        description="Of this part of the customer, and what is bound to no part.",
    ),
]


class QuickRoute(APIRoute):
    """A route that reads its request and writes its answer by itself; it is only described here."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Its function, as it is."""
        answer: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return answer


quick = APIRouter(prefix="/api/v1/customers", tags=[TAG], route_class=QuickRoute)
router = resource("customers", tag=TAG)


@quick.get(
    PATH,
    operation_id="checkEntitlement",
    summary="May they?",
    responses={200: {"model": Single[FeatureEntitlementWire | CreditEntitlementWire]}},
    openapi_extra={
        "parameters": [
            {"name": "id", "in": "path", "required": True, **ID},
            *parameters(
                featureId={**TEXT, "description": "This or a currencyId."},
                currencyId={**TEXT, "description": "There are no credits yet: never granted."},
                requestedUsage={
                    "schema": {"type": "number", "minimum": 0, "default": 0},
                    "description": "How much more; 0 asks whether a hard limit is kept.",
                },
                requestedValues={
                    "schema": {"type": "array", "items": {"type": "string"}, "maxItems": 100},
                    "style": "form",
                    "explode": False,
                    "description": "Of an enum: all of them must be allowed.",
                },
                resourceId={**ID, "description": "For this part of the customer."},
            ),
        ]
    },
)
async def check_entitlement(request: Request) -> Response:
    """Never older than the question: what was committed before it came is seen."""
    request.scope["query_string"] = join_lists(request.scope["query_string"])
    checks: Checks = request.app.state.checks
    try:
        refuse_nul(request)
        question = question_of(request.path_params["id"], request.query_params)
    except Invalid:
        await checks.admit(request)  # who may not ask is not told what is wrong with the question
        raise
    answer = await checks.answer(request, question)
    return Response(msgspec.json.encode({"data": answer}), media_type="application/json")


@router.get(
    "/{id}/entitlements",
    operation_id="listEntitlements",
    summary="What a customer may use",
)
def list_entitlements(
    caller: Asked, id: PathId, resource_id: ResourceId = None
) -> Single[EntitlementsWire]:
    """Every feature that anything in force names, whether it may be used at this moment or not."""
    found = view_of(caller, id, resource_id)
    return Single(data=EntitlementsWire.model_validate(entitlements(found)))


@router.get(
    "/{id}/entitlements/explain",
    operation_id="explainEntitlements",
    summary="Why a customer may use what it may",
)
def explain_entitlements(
    caller: Asked,
    id: PathId,
    feature_id: Annotated[
        str | None, Query(alias="featureId", max_length=255, description="Only this feature.")
    ] = None,
    resource_id: ResourceId = None,
) -> Single[ExplainedWire]:
    """Each feature with all its sources, past and future ones too, and which of them decide."""
    found = view_of(caller, id, resource_id)
    return Single(data=explained(found, feature_id))


def view_of(caller: Asked, customer_id: str, resource_id: str | None) -> View:
    """What a customer may use at this moment."""
    asked = AskedAccess(CustomerId(customer_id), resource_id)
    with caller.transaction() as tx:
        return access_views.views(tx, [asked], now=caller.runtime.clock())[asked]
