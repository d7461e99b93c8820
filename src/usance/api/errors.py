"""How a refusal looks on the wire, and which HTTP status each has.

400: the body cannot be read at all. 422: it can, and a field of body, path or query is not
accepted; `details` names each, and `code` is that of the first. 409: right request, wrong moment;
it carries `x-should-retry: false` because asking again changes nothing, or `true` and `Retry-After`
where somebody else was there at the same moment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import OperationalError
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

from usance.api.envelope import Detail, ErrorBody, Failure
from usance.domain.api_keys.customer_tokens import CustomerTokenExpired, CustomerTokenInvalid
from usance.domain.api_keys.publishable import CustomerTokenMissing, NotForPublishableKeys
from usance.domain.api_keys.scopes import ForbiddenScope
from usance.domain.connections.connection import ConnectionExists
from usance.domain.contracts.billing_draft import BillingNotOpen, BillingNotSetUp
from usance.domain.contracts.contract import ContractCanceled, ContractExists, TermIsAgreed
from usance.domain.contracts.fulfilment import OrderNotNew
from usance.domain.customer import IntegrationLinked
from usance.domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotAllowedNow,
    NotFound,
    Problem,
    Unidentified,
)
from usance.domain.fx import FxRateMissing
from usance.domain.invoicing.ad_hoc import NotWrittenByHand
from usance.domain.invoicing.crediting import NotCreditable
from usance.domain.invoicing.invoice import (
    InvoiceNotApproved,
    InvoiceNotDraft,
    InvoiceNotIssued,
    InvoiceNotVoidable,
)
from usance.domain.invoicing.issuing import DraftHasErrors
from usance.domain.invoicing.review import (
    ApprovalNotWithdrawable,
    ApproverNotNamed,
    SamePersonAgain,
)
from usance.domain.payments.allocating import AllocationTakenBack
from usance.domain.payments.payment import BankReferenceUsed
from usance.domain.payments.refund import RefundNotPending
from usance.domain.payments.write_off import InvoiceGivenUp, WriteOffReversed
from usance.domain.plans.coupon import CouponExists, CouponIsArchived
from usance.domain.plans.package import (
    EntitlementExists,
    NeverPublished,
    NoDraft,
    PackageArchived,
    PackageExists,
    PackageInUse,
)
from usance.domain.plans.product import ProductArchived, ProductExists
from usance.domain.subscriptions.billing import NoInvoiceIssued, SubscriptionNotBilled
from usance.domain.subscriptions.changing import SubscriptionOver, TrialMustBeCancelledImmediately
from usance.domain.subscriptions.moving import ProductHeldAlready, SubscriptionOnContract
from usance.domain.subscriptions.provisioning import SubscriptionExists
from usance.flows.approve_invoice import DraftChanged
from usance.flows.check_tax_id import NoTaxIdToCheck
from usance.flows.define_feature import FeatureKindIsFixed
from usance.flows.mark_milestone import MilestoneReachedBefore
from usance.flows.rotate_key import KeyReplaced
from usance.flows.save_rate_card import RateCardVersionIsFixed
from usance.flows.set_up_company import SeriesTaken
from usance.flows.sign_order import OrderExists
from usance.providers.errors import ProviderError
from usance.store.coverage import BilledMeanwhile
from usance.store.tenants import ClockMovesForwardOnly
from usance.store.timelines import ContractNotActive

STATUS: Mapping[type[DomainError], int] = {
    Invalid: 422,
    NotFound: 404,
    Unidentified: 401,
    CustomerTokenExpired: 401,
    CustomerTokenInvalid: 401,
    Forbidden: 403,
    CustomerTokenMissing: 403,
    ForbiddenScope: 403,
    NotForPublishableKeys: 403,
    ApproverNotNamed: 403,
    Conflict: 409,
    BankReferenceUsed: 409,
    BilledMeanwhile: 409,
    ConnectionExists: 409,
    ContractExists: 409,
    CouponExists: 409,
    DraftChanged: 409,
    EntitlementExists: 409,
    IntegrationLinked: 409,
    MilestoneReachedBefore: 409,
    OrderExists: 409,
    PackageExists: 409,
    ProductExists: 409,
    RateCardVersionIsFixed: 409,
    SeriesTaken: 409,
    ProductHeldAlready: 409,
    SubscriptionExists: 409,
    SubscriptionNotBilled: 409,
    SubscriptionOnContract: 409,
    SubscriptionOver: 409,
    TrialMustBeCancelledImmediately: 409,
    NotAllowedNow: 409,
    AllocationTakenBack: 409,
    NotCreditable: 409,
    NotWrittenByHand: 409,
    RefundNotPending: 409,
    WriteOffReversed: 409,
    InvoiceGivenUp: 409,
    ApprovalNotWithdrawable: 409,
    ClockMovesForwardOnly: 409,
    BillingNotOpen: 409,
    BillingNotSetUp: 409,
    ContractCanceled: 409,
    TermIsAgreed: 409,
    ContractNotActive: 409,
    DraftHasErrors: 409,
    FeatureKindIsFixed: 409,
    FxRateMissing: 409,
    InvoiceNotApproved: 409,
    InvoiceNotDraft: 409,
    InvoiceNotIssued: 409,
    InvoiceNotVoidable: 409,
    KeyReplaced: 409,
    NoInvoiceIssued: 409,
    NoTaxIdToCheck: 409,
    OrderNotNew: 409,
    CouponIsArchived: 409,
    NeverPublished: 409,
    NoDraft: 409,
    PackageArchived: 409,
    PackageInUse: 409,
    ProductArchived: 409,
    SamePersonAgain: 409,
}
SHOWN = 80  # characters of a refused value
NEVER_AGAIN = {"x-should-retry": "false"}
SOON_AGAIN = {"retry-after": "1", "x-should-retry": "true"}
PASSING = (BilledMeanwhile,)  # somebody else was there at the same moment, and is gone by the next
# Refusals that name fields, besides bad input.
SAY_WHERE = (Invalid, ForbiddenScope, ClockMovesForwardOnly)
WORDY = re.compile(r"^(Input|String|List|Dictionary) should (be|have) ")
CODES = {"missing": "MissingField", "extra_forbidden": "UnknownField"}
HTTP_CODES = {404: "RouteNotFound", 405: "MethodNotAllowed"}


class Refused(Exception):
    """The request was turned away before any rule was asked."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "UnreadableBody"
    headers: ClassVar[Mapping[str, str]] = {}


class UnreadableBody(Refused):
    """The body is not JSON, or not one that can be read exactly."""


class Unauthenticated(Refused):
    """No key, or one that opens nothing."""

    status = 401
    code = "UNAUTHENTICATED"  # spelled as Stigg's, for its SDKs

    def __init__(self) -> None:
        super().__init__("Invalid or missing API key")


class BodyTooLarge(Refused):
    """The body is larger than this server takes."""

    status = 413
    code = "BodyTooLarge"
    headers: ClassVar[Mapping[str, str]] = {"connection": "close"}

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is too large; this server takes at most {limit} bytes.")


class UnsupportedMediaType(Refused):
    """The body is in a notation this route does not read."""

    status = 415
    code = "UnsupportedMediaType"


class RequestUnderWay(Refused):
    """A request with this idempotency key is being answered at this moment."""

    status = 409
    code = "RequestUnderWay"
    headers: ClassVar[Mapping[str, str]] = SOON_AGAIN

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is under way; ask again in a second.")


class IdempotencyKeyReused(Refused):
    """This idempotency key belongs to another request."""

    status = 422
    code = "IdempotencyKeyReused"

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used for another request within 24 hours. "
            "Use a new key for a new request."
        )


def status_of(error: DomainError) -> int:
    """The HTTP status of a refusal."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def answer_refusals(app: FastAPI) -> None:
    """Have every refusal of `app` answered in the one shape."""
    app.add_exception_handler(DomainError, _of_rules)
    app.add_exception_handler(Refused, _of_transport)
    app.add_exception_handler(RequestValidationError, _of_shape)
    app.add_exception_handler(HTTPException, _of_routing)
    app.add_exception_handler(ProviderError, _of_a_provider)
    app.add_exception_handler(OperationalError, _of_outage)
    app.add_exception_handler(PoolTimeout, _of_outage)
    app.add_exception_handler(Exception, _of_bugs)


def failure(
    status: int,
    code: str,
    message: str,
    problems: Iterable[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A refusal as an answer."""
    details = [
        Detail(
            code=each.code,
            path=each.path,
            value=each.value,
            expected=each.expected,
            message=each.message,
        )
        for each in problems
    ]
    body = Failure(error=ErrorBody(code=code, message=message, details=details))
    content = body.model_dump(mode="json", by_alias=True)
    return JSONResponse(content, status, headers=dict(headers or {}))


def _of_rules(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError), "registered for these"
    problems = error.problems if isinstance(error, SAY_WHERE) else ()
    code = problems[0].code if problems else error.code
    if isinstance(error, NotFound):
        problems = (_missing(request, error),)
    status = status_of(error)
    headers = {}
    if status == 409:
        headers = SOON_AGAIN if isinstance(error, PASSING) else NEVER_AGAIN
    return failure(status, code, str(error), problems, headers)


def _of_transport(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused), "registered for these"
    return failure(error.status, error.code, str(error), (), error.headers)


def _of_shape(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError), "registered for these"
    refused = Invalid(*(_problem(each) for each in error.errors()[:100]))
    return _of_rules(_request, refused)


def _of_routing(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException), "registered for these"
    code = HTTP_CODES.get(error.status_code, "Refused")
    message = "There is no such route." if error.status_code == 404 else str(error.detail)
    return failure(error.status_code, code, message, (), error.headers)


def _of_outage(_request: Request, error: Exception) -> JSONResponse:
    """Two who wait for each other, too: one of them was sent home, and nothing of it was done."""
    message = "The database does not answer just now; nothing was done. Ask again."
    is_undone = isinstance(error, (SerializationFailure, DeadlockDetected))
    headers = SOON_AGAIN if is_undone else {"retry-after": "1"}
    return failure(503, "Unavailable", message, (), headers)


def _of_a_provider(_request: Request, error: Exception) -> JSONResponse:
    """502: a service of others did not answer, or not readably; nothing was done with it."""
    assert isinstance(error, ProviderError), "registered for these"
    headers = {"retry-after": "60"} if error.retryable else NEVER_AGAIN
    return failure(502, "ProviderFailed", str(error), (), headers)


def _of_bugs(_request: Request, _error: Exception) -> JSONResponse:
    """The server's log has the rest: nothing about the inside goes out.

    The server drops the connection after a bug; a client that is told does not reuse it.
    """
    message = "Something went wrong on our side; it was written down."
    return failure(500, "InternalError", message, (), {"connection": "close"})


def _missing(request: Request, error: NotFound) -> Problem:
    """What there is not, by a code of its own (`CustomerNotFound`), where it was named."""
    words = error.kind.replace("-", "").split()
    name = "".join(word.capitalize() for word in words)
    named = (each for each, ref in request.path_params.items() if ref == error.ref)
    path = next(named, f"{name[:1].lower()}{name[1:]}Id")
    article = "an" if error.kind[0] in "aeiouA" else "a"
    expected = f"the id of {article} {error.kind} of this environment"
    return Problem(f"{name}NotFound", path, error.ref[:SHOWN], expected)


def _problem(found: Mapping[str, object]) -> Problem:
    kind = str(found["type"])
    is_type = kind.endswith(("_type", "_parsing")) or kind == "model_attributes_type"
    code = CODES.get(kind, "WrongType" if is_type else "InvalidValue")
    value = "" if kind == "missing" else _shown(found.get("input"))
    return Problem(code, _path(found["loc"]), value, WORDY.sub("", str(found["msg"])))


def _path(location: object) -> str:
    """As a person writes it: `lines[2].price`; where it stood (body, query) is left out."""
    assert isinstance(location, Sequence), "pydantic names places by their keys"
    path = ""
    for step in location[1:]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path or (str(location[0]) if location else "")


def _shown(value: object) -> str:
    """As it was sent: text as text, everything else as JSON."""
    if not isinstance(value, str | Decimal):
        value = json.dumps(value, default=str, ensure_ascii=False)
    text = str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
