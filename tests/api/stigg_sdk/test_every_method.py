"""Each method of Stigg's SDK, by both of its clients: in one story, without a key, for nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from stigg import APIStatusError, AsyncStigg, AuthenticationError, NotFoundError, Stigg

from tests.api.conftest import FIRST_DAY, Desk
from tests.api.stigg_sdk.calls import Call, live, live_asynchronously, methods, oddities
from tests.api.stigg_sdk.every_call import ASIDE, CALLS, STORY

# The SDK calls version 1 of reporting deprecated; it is to work all the same.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")

# What is asked of nobody is answered, with the reason why nothing is granted.
ANSWERED = {"v1.customers.check_entitlement", "v1.customers.retrieve_entitlements"}


def opened(desk: Desk, http: Any, **more: Any) -> dict[str, Any]:
    """What the SDK's clients are opened with."""
    return {
        "base_url": str(desk.http.base_url),
        "api_key": desk.http.headers["x-api-key"],
        "max_retries": 0,
        "http_client": http,
        "_strict_response_validation": True,
        **more,
    }


@pytest.mark.parametrize("client", [Stigg(api_key="none"), AsyncStigg(api_key="none")], ids=type)
def test_the_story_leaves_no_method_out(client: Stigg | AsyncStigg) -> None:
    all_of_them = methods(client)
    aside = {each for each in all_of_them if each.startswith(tuple(ASIDE))}
    unused = [prefix for prefix in ASIDE if not any(each.startswith(prefix) for each in aside)]
    assert not unused, f"the SDK has nothing of {unused} any more: take it off the list"
    called = {step.method for step in CALLS if step.refused is None}
    missing = all_of_them - aside - called
    assert not missing, f"call these in the story, too: {sorted(missing)}"
    assert len(called) > 80


def test_a_story_calls_every_method(desk: Desk) -> None:
    heard: list[httpx.Response] = []
    with (
        httpx.Client(event_hooks={"response": [heard.append]}) as http,
        Stigg(**opened(desk, http)) as stigg,
    ):
        live(stigg, desk, STORY, heard)
    assert {answer.status_code for answer in heard} == {200, 201, 404, 409, 422}


def test_the_same_story_calls_every_method_asynchronously(desk: Desk) -> None:
    heard: list[httpx.Response] = []

    async def hear(answer: httpx.Response) -> None:
        heard.append(answer)

    async def told() -> None:
        async with (
            httpx.AsyncClient(event_hooks={"response": [hear]}) as http,
            AsyncStigg(**opened(desk, http)) as stigg,
        ):
            await live_asynchronously(stigg, desk, STORY, heard)

    asyncio.run(told())
    assert {answer.status_code for answer in heard} == {200, 201, 404, 409, 422}


def first_calls() -> list[Call]:
    """One call of each method."""
    return list({step.method: step for step in reversed(CALLS)}.values())


def refused(story: list[Call], error: type[APIStatusError]) -> list[Call]:
    """The same calls, each of which is refused like that."""
    return [Call(step.method, step.args, step.sent, refused=error) for step in story]


def test_no_method_works_without_a_key_of_ours(desk: Desk) -> None:
    with (
        httpx.Client() as http,
        Stigg(**opened(desk, http, api_key="server-wrong")) as stigg,
    ):
        live(stigg, desk, list(refused(first_calls(), AuthenticationError)), [])


def test_what_is_not_there_is_not_found_by_any_method(desk: Desk) -> None:
    named = [each for each in first_calls() if each.args and each.method not in ANSWERED]
    assert len(named) > 50
    story = [Call(each.method, ("nothing", *each.args[1:]), each.sent) for each in named]
    with httpx.Client() as http, Stigg(**opened(desk, http)) as stigg:
        live(stigg, desk, list(refused(story, NotFoundError)), [])


def test_what_the_sdk_is_lenient_with_is_noticed() -> None:
    read = {"n": 1.0, "count": 3, "flag": True, "at": FIRST_DAY, "rest": [{"n": 2.5}]}
    fine = {"n": 1, "count": 3, "flag": True, "at": "2025-01-01T12:00:00.5Z", "rest": [{"n": 2.5}]}
    assert list(oddities(read, fine)) == []
    odd = {
        "n": "1",
        "count": 3.0,
        "flag": 1,
        "at": "2025-01-01T12:00:00+00:00",
        "rest": [{"n": True}],
    }
    assert [path for path, _ in oddities(read, odd)] == [
        "$.n",
        "$.count",
        "$.flag",
        "$.at",
        "$.rest[0].n",
    ]
