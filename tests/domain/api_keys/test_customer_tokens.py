"""Customer tokens: signed as documented, read strictly, for one customer, until they expire."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from usance.domain.api_keys.customer_tokens import (
    CustomerTokenExpired,
    CustomerTokenInvalid,
    customer_of,
    customer_token,
)
from usance.domain.ids import REF

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
SECRET = "signing-secret"

ids = st.from_regex(REF, fullmatch=True) | st.from_regex(r"[a-c]{1,2}(:[0-9]{1,3}){0,2}")
ids = ids.map(str.strip).filter(lambda text: REF.fullmatch(text) is not None)
instants = st.timedeltas(timedelta(-9000), timedelta(9000)).map(lambda after: NOON + after)
lifetimes = st.none() | instants


@given(ids, ids, lifetimes)
def test_a_token_stands_for_the_customer_it_was_signed_for_and_for_nobody_else(
    customer_id: str, other_id: str, until: datetime | None
) -> None:
    """A customer token stands for the customer it was signed for, and for nobody else."""
    assume(customer_id != other_id)
    token = customer_token(SECRET, customer_id, until=until)
    at = NOON if until is None else until - timedelta(seconds=1)
    assert customer_of(token, [SECRET], at=at) == customer_id
    for scheme in ("HMAC-SHA256", "HMAC-SHA256-EXPIRING"):
        _, _, said = token.partition(" ")
        for forged in (
            said.replace(customer_id, other_id, 1),
            f"{other_id}:{said}",
            said.partition(":")[0] + ":" + said.rpartition(":")[2],
        ):
            if f"{scheme} {forged}" != token:
                with pytest.raises(CustomerTokenInvalid):
                    customer_of(f"{scheme} {forged}", [SECRET], at=at)


@given(ids, instants, instants)
def test_an_expiring_token_is_good_before_its_second_only(
    customer_id: str, until: datetime, at: datetime
) -> None:
    token = customer_token(SECRET, customer_id, until=until)
    if at.replace(microsecond=0) < until.replace(microsecond=0):
        assert customer_of(token, [SECRET], at=at) == customer_id
    else:
        with pytest.raises(CustomerTokenExpired):
            customer_of(token, [SECRET], at=at)


def test_a_token_is_the_one_that_stigg_documents() -> None:
    signature = hmac.new(SECRET.encode(), b"acme", "sha256").hexdigest()
    token = f"HMAC-SHA256 acme:{signature}"
    assert customer_token(SECRET, "acme") == token
    assert customer_of(token, [SECRET], at=NOON) == "acme"


def test_any_of_the_secrets_in_use_is_good_and_no_other() -> None:
    token = customer_token(SECRET, "acme")
    assert customer_of(token, ["new", SECRET], at=NOON) == "acme"
    for secrets in ([], ["new"], [SECRET + "x"], [""]):
        with pytest.raises(CustomerTokenInvalid):
            customer_of(token, secrets, at=NOON)


def test_another_expiry_is_another_signature() -> None:
    token = customer_token(SECRET, "acme", until=NOON)
    second = str(int(NOON.timestamp()))
    longer = token.replace(second, str(int(LATER.timestamp())))
    assert longer != token
    with pytest.raises(CustomerTokenInvalid):
        customer_of(longer, [SECRET], at=NOON)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "acme",
        "HMAC-SHA256 acme",
        "HMAC-SHA256 acme:",
        "HMAC-SHA256 acme:" + "0" * 64,
        "HMAC-SHA256  acme:" + "0" * 64,
        customer_token(SECRET, "acme").upper(),
        customer_token(SECRET, "acme") + "\n",
        " " + customer_token(SECRET, "acme"),
        customer_token(SECRET, "acme").replace("HMAC-SHA256", "hmac-sha256"),
        customer_token(SECRET, "acme").replace("HMAC-SHA256", "NONE"),
        customer_token(SECRET, "acme")[:-1],
        customer_token(SECRET, ""),
        customer_token(SECRET, "a b"),
        customer_token(SECRET, "é"),
        customer_token(SECRET, "acme 1767225600").replace("SHA256 ", "SHA256-EXPIRING "),
    ],
)
def test_what_is_no_token_opens_nothing(token: str) -> None:
    with pytest.raises(CustomerTokenInvalid):
        customer_of(token, [SECRET], at=NOON)
