"""Every refusal has its status; every bug is answered without telling of the inside."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import httpx
import pytest

import usance
from tests.api.conftest import Desk
from usance.api.errors import STATUS, status_of
from usance.domain.errors import Conflict, DomainError
from usance.store import parties


def every_refusal() -> list[type[DomainError]]:
    """All subclasses, once every module of ours was loaded."""
    for module in pkgutil.walk_packages(usance.__path__, "usance."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    found: list[type[DomainError]] = []
    waiting = [DomainError]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        found += kinds
        waiting += kinds
    return [kind for kind in found if kind.__module__.startswith("usance.")]


def test_every_refusal_has_a_row_of_its_own() -> None:
    missing = [kind.__name__ for kind in every_refusal() if kind not in STATUS]
    assert not missing, f"add a row to STATUS in api/errors.py for each of {missing}"


def test_a_refusal_without_a_row_has_its_familys() -> None:
    for kind in every_refusal():
        family = next(each for each in kind.__mro__ if each.__base__ is DomainError)
        assert STATUS[kind] == STATUS[family], kind


def test_a_bug_says_nothing_about_the_inside(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_given: object, **_named: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(parties, "customer_row", breaks)
    answer = desk.get("/customers/nordlicht")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "InternalError")
    assert "secret" not in answer.text


def test_what_is_not_found_is_named_where_it_was_asked_for(desk: Desk) -> None:
    desk.post("/customers", {"id": "ada"})
    order = {"customerId": "nobody", "planId": "none"}
    grant = {"featureId": "none", "period": "lifetime"}
    asked = {
        ("CustomerNotFound", "id", "nobody"): desk.get("/customers/nobody"),
        ("CustomerNotFound", "customerId", "nobody"): desk.post("/subscriptions", order),
        ("CouponNotFound", "id", "none"): desk.get("/coupons/none"),
        ("IntegrationNotFound", "integrationId", "none"): desk.get(
            "/customers/ada/integrations/none"
        ),
        ("PromotionalEntitlementNotFound", "featureId", "none"): desk.http.delete(
            "/api/v1/customers/ada/promotional-entitlements/none"
        ),
    }
    for (code, path, value), answer in asked.items():
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (404, "NotFound")
        [detail] = error["details"]
        assert (detail["code"], detail["path"], detail["value"]) == (code, path, value)
        assert detail["expected"].startswith(("the id of a ", "the id of an "))
    refused = desk.post(
        "/customers/ada/promotional-entitlements", {"promotionalEntitlements": [grant]}
    )
    assert refused.json()["error"]["code"] == "FeatureNotFound", "a field of a body is no address"


def test_a_database_that_is_away_is_said_to_be(server: str, desk: Desk) -> None:
    from psycopg import OperationalError

    with pytest.MonkeyPatch.context() as patch:

        def away(*_given: object, **_named: object) -> None:
            raise OperationalError("connection refused on /secret/path")

        patch.setattr("usance.store.tenants.answers", away)
        answer = httpx.get(f"{server}/health")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "Unavailable")
    assert "secret" not in answer.text
    assert status_of(DomainErrorOfTomorrow()) == 409


class DomainErrorOfTomorrow(Conflict):
    """A refusal somebody forgot to give a row."""
