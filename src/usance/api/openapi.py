"""The OpenAPI 3.1 document: what the routes say, and what is true of all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from usance.api.admission import rule_for
from usance.api.caller import ACTOR, CUSTOMER_TOKEN
from usance.api.envelope import Failure
from usance.api.reading import JSON
from usance.api.route import SHOWN_ONCE
from usance.domain.invoicing.approvers import LONGEST

REF = "#/components/schemas/{model}"
SCOPE = "x-scope"  # what a server key needs
SCHEMAS = "x-schemas"  # of openapi_extra: schemas to list among the components
DESCRIPTION = """
From a signed order to a paid invoice.

**Keys.** Send your environment's key as `X-API-KEY`. Nothing crosses an environment. A server key
(`server-…`) does what its scopes allow, else 403 `ForbiddenScope`. A publishable key (`client-…`)
reads the catalogue as published and, with a customer token as `X-CUSTOMER-KEY`, what that customer
has. `X-ACCOUNT-ID` and `X-ENVIRONMENT-ID` are taken and not needed.

**Shapes.** An answer is `{data}`, a list `{data, pagination: {next, prev}}`. Pass `next` as
`after` to go on, `prev` as `before` to go back; `limit` is 20, at most 100. A refusal is
`{error: {code, message, details}}`; codes never change.

**Exactness.** Amounts and quantities are decimal strings, never floats; an amount is in major
units of the `currency` beside it. Instants are ISO 8601 in UTC, days `YYYY-MM-DD` in the legal
entity's time zone. A period's `end` is the first day not included.

**Once.** A POST with an `Idempotency-Key` is done once within 24 hours: sent again it gets the
same answer with `Idempotent-Replayed: true`. While the first is under way it gets 409 with
`Retry-After`; with another body, 422. A refused request did nothing, and its key stays free.

**Who.** What is done is written down under the key. `X-Usance-Actor: Ada Quill` names the person
who acts through it, as approval by two people needs; whoever holds the key vouches for that.

**Statuses.** 400: the body cannot be read. 422: it can, and `details` names each field that is
not accepted. 403: this key may not do that. 409 with `x-should-retry: false`: the state does not
allow it; asking again changes nothing. With `true`, asking again in a second may help.
"""
TAGS = {
    "Customers": "Who buys.",
    "Legal entities": "Who sells and issues.",
    "Features": "What is sold and measured.",
    "Catalogue": "What is offered: products, plans and add-ons in versions, coupons.",
    "Subscriptions": "What customers hold: provisioned, changed, moved, ended.",
    "Orders": "Signed commitments.",
    "Contracts": "Running agreements, their value and their invoices to come.",
    "Entitlements": "What customers may use: checked, listed, explained, as a stream.",
    "Usage": "What customers did.",
    "Invoices": "Held for review, approved, issued, sent, paid.",
    "Credit notes": "What is given back, and what becomes of it.",
    "Billing": "Drafting what is due.",
    "Payments": "Bank transfers and what they pay.",
    "Refunds": "Money on its way back.",
    "Ledger": "Balanced entries and the trial balance.",
    "Reference data": "Price indices, exchange rates and rate cards that contracts refer to.",
    "API keys": "Who may come in, and what for.",
    "Tasks": "Work that takes a while.",
    "Environment": "The clock of a sandbox.",
    "Service": "Is it up?",
}
KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 printable characters of your own: this POST is done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
ACTOR_PARAMETER = {
    "name": ACTOR,
    "in": "header",
    "required": False,
    "description": "The person who acts through the key, by name or email address (UTF-8): it is "
    "written down as `Ada Quill via key:…`. Whoever holds the key vouches for it.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST},
}
METHODS = ("get", "put", "post", "delete", "patch")


def body_of(
    model: type[BaseModel], *, example: object = None, text: str | None = None
) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its body by itself: what the body looks like."""
    content: dict[str, Any] = {JSON: {"schema": {"$ref": REF.format(model=model.__name__)}}}
    if example is not None:
        content[JSON]["example"] = example
    if text is not None:
        content[text] = {"schema": {"type": "string", "description": f"{model.__name__} as YAML"}}
    return {
        SCHEMAS: _schemas(model),
        "requestBody": {"required": True, "content": content},
    }


def describe(app: FastAPI) -> None:
    """Have `app` describe itself so at /openapi.json."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title="Usance",
        version=app.version,
        description=DESCRIPTION.strip(),
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    parts = document.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= _schemas(Failure)
    shown_once = set()
    for path, operation in _operations(document):
        schemas |= operation.pop(SCHEMAS, {})
        if SHOWN_ONCE in operation:
            shown_once.add(operation["operationId"])
        for key in [key for key in operation if key.startswith("x-")]:
            del operation[key]
        _finish(path, operation)
    _say_who_may(document)
    for method, operation in _changes(document):
        parameters = operation.setdefault("parameters", [])
        if method == "post" and operation["operationId"] not in shown_once:
            parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
        parameters.append({"$ref": "#/components/parameters/Actor"})
    parts["parameters"] = {"IdempotencyKey": KEY_PARAMETER, "Actor": ACTOR_PARAMETER}
    parts["securitySchemes"] = {
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-KEY"},
        "customerToken": {"type": "apiKey", "in": "header", "name": CUSTOMER_TOKEN},
    }
    parts["responses"] = {
        "Refused": {
            "description": "Refused; `error.code` says why.",
            "content": {JSON: {"schema": {"$ref": REF.format(model="Failure")}}},
        }
    }
    document["security"] = [{"apiKey": []}]
    return _named(document)


def _named(document: dict[str, Any]) -> dict[str, Any]:
    """The schemas by the names an SDK should have: `Invoice`, `InvoiceAnswer`, `InvoicePage`."""
    schemas = document["components"]["schemas"]
    names = {name: _public(name) for name in schemas}
    twice = {name for name in names.values() if list(names.values()).count(name) > 1}
    assert not twice, f"two models would both be called {twice}: rename one"
    text = json.dumps(document)
    for name, public in names.items():
        text = text.replace(f'"{REF.format(model=name)}"', f'"{REF.format(model=public)}"')
    renamed: dict[str, Any] = json.loads(text)
    parts = renamed["components"]
    parts["schemas"] = {
        names[name]: {**schema, "title": names[name]} for name, schema in parts["schemas"].items()
    }
    return renamed


def _public(name: str) -> str:
    for shape, told in (("Single_list_", "List"), ("Single_", "Answer"), ("Page_", "Page")):
        if name.startswith(shape):
            return name.removeprefix(shape).strip("_").removesuffix("Wire") + told
    return name.removesuffix("Wire")


def _schemas(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a model and of all it is made of, by name."""
    schema = model.model_json_schema(by_alias=True, ref_template=REF)
    return {**schema.pop("$defs", {}), model.__name__: schema}


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, item[method]


def _changes(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if path.startswith("/api/") and method in METHODS and method != "get":
                yield method, operation


def _say_who_may(document: dict[str, Any]) -> None:
    """Which scope each route asks of a server key, and whether a publishable key will do."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method not in item or not path.startswith("/api/"):
                continue
            rule = rule_for(path, method.upper())
            item[method][SCOPE] = rule.scope
            if rule.reach is not None:
                item[method]["security"] = [{"apiKey": []}, {"apiKey": [], "customerToken": []}]


def _finish(path: str, operation: dict[str, Any]) -> None:
    """Refusals have one shape everywhere; what needs no key says so."""
    operation["responses"].pop("422", None)
    operation["responses"]["4XX"] = {"$ref": "#/components/responses/Refused"}
    operation["responses"]["5XX"] = {"$ref": "#/components/responses/Refused"}
    if not path.startswith("/api/"):
        operation["security"] = []
