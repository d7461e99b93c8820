"""Any order of requests: the server never breaks, and a product is had once at a time."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.conftest import FIRST_DAY, Desk
from tests.api.test_subscriptions import FEE, shop
from usance.flows.open_environment import move_clock

__all__ = ["shop"]

STEPS = 120
ENDS = ("CONVERT_TO_PAID", "CANCEL_SUBSCRIPTION")
WHEN = ("IMMEDIATE", "END_OF_BILLING_PERIOD")


@dataclass
class Life:
    """Somebody who asks for anything, in any order."""

    desk: Desk
    chance: random.Random
    now: datetime = FIRST_DAY
    ids: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Refusals are fine; what breaks is not."""
        answer = self.desk.http.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code < 500, f"{method} {path} {body}: {answer.text}"
        return answer

    def instant(self, first: int = -40, last: int = 90) -> str:
        return (self.now + timedelta(days=self.chance.randint(first, last))).isoformat()

    def step(self) -> None:
        """Provision, or do something to one of the last."""
        if self.chance.random() < 0.4 or not self.ids:
            self.provision()
        else:
            self.change(f"/subscriptions/{self.chance.choice(self.ids[-8:])}")

    def provision(self) -> None:
        maybe, pick = self.chance.random, self.chance.choice
        body: dict[str, Any] = {
            "customerId": pick(["nordlicht", "minato"]),
            "planId": pick(["free", "basic", "own"]),
            "resourceId": pick([None, "a"]),
        }
        if maybe() < 0.4:
            body["startDate"] = self.instant()
        if maybe() < 0.3:
            body["cancellationDate"] = self.instant()
        if maybe() < 0.4:
            trial = {
                "isTrial": True,
                "trialEndDate": self.instant(),
                "trialEndBehavior": pick(ENDS),
            }
            body["trialOverrideConfiguration"] = trial
        if maybe() < 0.3:
            body["scheduleStrategy"] = pick(WHEN)
        answer = self.ask("POST", "/subscriptions", body)
        if answer.status_code == 201:
            self.ids.append(answer.json()["data"]["id"])

    def change(self, path: str) -> None:
        pick = self.chance.choice
        limit = [{"id": "calls", "type": "FEATURE", "usageLimit": self.chance.randint(0, 9)}]
        method, more, body = pick(
            [
                ("PATCH", "", {"cancellationDate": pick([None, self.instant()])}),
                ("PATCH", "", {"trialEndDate": self.instant()}),
                ("PATCH", "", {"entitlements": limit, "scheduleStrategy": pick(WHEN)}),
                ("POST", "/cancel", {"cancellationTime": pick(WHEN)}),
                ("POST", "/cancel", {"endDate": self.instant(1)}),
                ("POST", "/transfer", {"destinationResourceId": pick(["a", "b"])}),
                ("POST", "/delegate", {"targetCustomerId": pick(["nordlicht", "minato"])}),
                ("POST", "/migrate", {"subscriptionMigrationTime": pick(WHEN)}),
                ("DELETE", "/future-update/schedule", None),
                ("GET", "", None),
                ("", "time", None),
                ("", "plan", None),
            ]
        )
        if more == "time":
            self.now += timedelta(days=self.chance.randint(1, 20))
            move_clock(self.desk.runtime, self.desk.scope, self.now)
        elif more == "plan":
            self.publish(pick(["free", "basic", "own"]), pick(["FREE", "PAID", "CUSTOM"]))
        else:
            self.ask(method, f"{path}{more}", body)

    def publish(self, plan: str, kind: str) -> None:
        charges = {"pricingType": kind, "pricingModels": [FEE] if kind == "PAID" else []}
        self.ask("POST", f"/plans/{plan}/draft")
        self.ask("PATCH", f"/plans/{plan}", {"charges": charges})
        self.ask("POST", f"/plans/{plan}/publish", {"migrationType": "NEW_CUSTOMERS"})


@pytest.mark.parametrize("seed", [3, 11])
def test_whatever_is_asked_in_whatever_order(shop: Desk, seed: int) -> None:
    life = Life(shop, random.Random(seed))
    for _ in range(STEPS):
        life.step()
    held = shop.get("/subscriptions", limit=100, status="ACTIVE,IN_TRIAL").json()["data"]
    had = Counter((each["customerId"], each["resourceId"], each["status"]) for each in held)
    assert had, "somebody has something"
    assert set(had.values()) == {1}
    assert len(life.ids) > STEPS // 5
