"""Customer tokens: a backend's word, signed, on whose behalf a browser asks.

    HMAC-SHA256 acme:<hex of HMAC-SHA256(secret, "acme")>
    HMAC-SHA256-EXPIRING acme:1767225600:<hex of HMAC-SHA256(secret, "acme 1767225600")>

The first is Stigg's, the second ours. Its number is the Unix second it is good until; no id has a
space in it, so a signature of one form is never one of the other.
"""

from __future__ import annotations

import hmac
import re
from calendar import timegm
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from usance.domain.errors import Unidentified
from usance.domain.ids import REF, CustomerId

FOREVER = re.compile(f"HMAC-SHA256 ({REF.pattern}):([0-9a-f]{{64}})")
EXPIRING = re.compile(f"HMAC-SHA256-EXPIRING ({REF.pattern}):([0-9]{{1,12}}):([0-9a-f]{{64}})")


class Bearer(NamedTuple):
    """Whom a token stands for; `until` the Unix second before which it does, None: forever."""

    customer_id: CustomerId
    until: int | None = None


class CustomerTokenInvalid(Unidentified):
    """It is no customer token, or no secret of this environment signed it."""

    code = "CustomerTokenInvalid"

    def __init__(self) -> None:
        super().__init__(
            "The customer token was not signed with this environment's signing secret; expected "
            "HMAC-SHA256 <customerId>:<hex of HMAC-SHA256(signing secret, customerId)>."
        )


class CustomerTokenExpired(Unidentified):
    """It was good, and is no more: the backend that signed it gives out a new one."""

    code = "CustomerTokenExpired"

    def __init__(self) -> None:
        super().__init__("The customer token has expired; ask the backend for a new one.")


def customer_token(secret: str, customer_id: str, *, until: datetime | None = None) -> str:
    """The token of a customer; with `until`, good before that instant only, to the second."""
    if until is None:
        return f"HMAC-SHA256 {customer_id}:{_signature(secret, customer_id)}"
    second = timegm(until.utctimetuple())
    signature = _signature(secret, f"{customer_id} {second}")
    return f"HMAC-SHA256-EXPIRING {customer_id}:{second}:{signature}"


def customer_of(token: str, secrets: Collection[str], *, at: datetime) -> CustomerId:
    """Whom a token signed with one of `secrets` stands for, at that instant.

    Raises CustomerTokenInvalid, CustomerTokenExpired.
    """
    return bearer_of(token, secrets, at=at).customer_id


def bearer_of(token: str, secrets: Collection[str], *, at: datetime) -> Bearer:
    """The same, and until when it does. Raises CustomerTokenInvalid, CustomerTokenExpired."""
    if found := FOREVER.fullmatch(token):
        customer_id, signature = found.groups()
        _refuse_unsigned(customer_id, signature, secrets)
        return Bearer(CustomerId(customer_id))
    if found := EXPIRING.fullmatch(token):
        customer_id, second, signature = found.groups()
        _refuse_unsigned(f"{customer_id} {second}", signature, secrets)
        if timegm(at.utctimetuple()) >= int(second):
            raise CustomerTokenExpired
        return Bearer(CustomerId(customer_id), int(second))
    raise CustomerTokenInvalid


def _refuse_unsigned(text: str, signature: str, secrets: Collection[str]) -> None:
    """Compares with all of them, in a time that says nothing of what was expected."""
    good = [hmac.compare_digest(_signature(secret, text), signature) for secret in secrets]
    if not any(good):
        raise CustomerTokenInvalid


def _signature(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()
