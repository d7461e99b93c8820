"""What Stigg's SDK sends again by itself, and what our answers tell it to leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import pytest
from psycopg.errors import DeadlockDetected, SerializationFailure
from stigg import AsyncStigg, ConflictError, InternalServerError, Stigg

from tests.api.conftest import Desk
from usance.api.errors import PASSING, STATUS, status_of
from usance.domain.errors import Conflict
from usance.store import idempotency, parties
from usance.store.coverage import BilledMeanwhile


@dataclass
class Counted:
    """Answers that came, in order; `react` may do something when one does."""

    statuses: list[int]
    react: Callable[[httpx.Response], None]

    def see(self, answer: httpx.Response) -> None:
        """An answer came."""
        self.statuses.append(answer.status_code)
        self.react(answer)


@contextmanager
def patient(
    desk: Desk, react: Callable[[httpx.Response], None] = lambda _answer: None
) -> Iterator[tuple[Stigg, Counted]]:
    """The SDK as its users have it, with its two retries; and how often it asked."""
    counted = Counted([], react)
    with (
        httpx.Client(event_hooks={"response": [counted.see]}) as http,
        Stigg(
            base_url=str(desk.http.base_url),
            api_key=desk.http.headers["x-api-key"],
            max_retries=2,
            http_client=http,
            _strict_response_validation=True,
        ) as stigg,
    ):
        yield stigg, counted


def test_a_permanent_conflict_is_asked_once(desk: Desk) -> None:
    with patient(desk) as (stigg, counted):
        stigg.v1.products.create_product(id="app", display_name="App")
        with pytest.raises(ConflictError) as refused:
            stigg.v1.products.create_product(id="app", display_name="App")
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert counted.statuses == [201, 409]


def test_the_wrong_moment_is_asked_once(desk: Desk) -> None:
    with patient(desk) as (stigg, counted):
        stigg.v1.products.create_product(id="app", display_name="App")
        stigg.v1.plans.create(id="pro", display_name="Pro", product_id="app", pricing_type="FREE")
        stigg.v1.plans.publish("pro", migration_type="NEW_CUSTOMERS")
        with pytest.raises(ConflictError):
            stigg.v1.plans.publish("pro", migration_type="NEW_CUSTOMERS")
    assert counted.statuses == [201, 201, 200, 409]


def test_a_permanent_conflict_is_asked_once_asynchronously(desk: Desk) -> None:
    statuses: list[int] = []

    async def see(answer: httpx.Response) -> None:
        statuses.append(answer.status_code)

    async def conflict() -> None:
        async with (
            httpx.AsyncClient(event_hooks={"response": [see]}) as http,
            AsyncStigg(
                base_url=str(desk.http.base_url),
                api_key=desk.http.headers["x-api-key"],
                http_client=http,
                _strict_response_validation=True,
            ) as stigg,
        ):
            await stigg.v1.products.create_product(id="app", display_name="App")
            with pytest.raises(ConflictError):
                await stigg.v1.products.create_product(id="app", display_name="App")

    asyncio.run(conflict())
    assert statuses == [201, 409]


def test_a_request_whose_first_is_under_way_is_asked_again_until_it_is_done(desk: Desk) -> None:
    with ExitStack() as first:
        tx = first.enter_context(desk.runtime.transaction(desk.scope))
        assert idempotency.claim(tx, "k")
        with patient(desk, lambda _answer: first.close()) as (stigg, counted):
            made = stigg.v1.customers.provision(id="acme", extra_headers={"Idempotency-Key": "k"})
    assert made.data.id == "acme"
    assert counted.statuses == [409, 201]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (SerializationFailure("could not serialize access"), 503),
        (DeadlockDetected("deadlock detected"), 503),
        (BilledMeanwhile(), 409),
    ],
)
def test_who_was_in_the_way_of_another_is_asked_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int
) -> None:
    real, failures = parties.customer_row, [failure]

    def breaks_once(*given: object, **named: object) -> object:
        if failures:
            raise failures.pop()
        return real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(parties, "customer_row", breaks_once)
    seen: list[str | None] = []
    with patient(desk, lambda answer: seen.append(answer.headers.get("x-should-retry"))) as (
        stigg,
        counted,
    ):
        assert stigg.v1.customers.retrieve("nordlicht").data.id == "nordlicht"
    assert (counted.statuses, seen) == ([status, 200], ["true", None])


def test_a_bug_stays_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_given: object, **_named: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(parties, "customer_row", breaks)
    with patient(desk) as (stigg, counted), pytest.raises(InternalServerError):
        stigg.v1.customers.retrieve("nordlicht")
    assert counted.statuses == [500, 500, 500]


def test_only_what_passes_is_worth_another_try() -> None:
    assert [kind for kind in PASSING if not issubclass(kind, Conflict)] == []
    assert BilledMeanwhile in PASSING
    assert {STATUS[kind] for kind in PASSING} == {status_of(BilledMeanwhile())} == {409}


def test_headers_of_signed_in_users_and_older_names_of_cursors_are_taken(desk: Desk) -> None:
    with patient(desk) as (stigg, _):
        for name in ("a", "b", "c"):
            stigg.v1.customers.provision(
                id=name, x_account_id="account", x_environment_id="another-environment"
            )
        first = stigg.v1.customers.list(limit=1)
        assert first.pagination is not None
        more = {"starting_after": first.pagination.next}
        second = stigg.v1.customers.list(limit=1, extra_query=more)
        assert first.data[0].id != second.data[0].id
        assert second.pagination is not None
        back = {"ending_before": second.pagination.prev}
        assert stigg.v1.customers.list(limit=1, extra_query=back).data == first.data
        ids = [each.id for each in stigg.v1.customers.list(limit=2)]
    assert {"a", "b", "c"} <= set(ids)
