"""Hosted links: a token that names an invoice and proves that we gave it out.

    base64url(environment "/" invoice) "." base64url(HMAC-SHA256 of the same)

The secret is the environment's own, 32 random bytes, so nobody else can make a token and one
environment's tokens are worth nothing in another. A token is genuine only in the exact spelling we
give out: it is made again and compared in constant time.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass

from usance.domain.ids import REF, InvoiceId

PURPOSE = b"usance hosted invoice 1\0"  # no signature for another purpose opens this one
LONGEST = 800


@dataclass(frozen=True, slots=True)
class Named:
    """What a token says it is for. Nothing is known until `is_genuine` says so."""

    tenant_id: str
    invoice_id: InvoiceId


def token_of(secret: bytes, *, tenant_id: str, invoice_id: InvoiceId) -> str:
    """The token of that invoice: always the same, so a link sent again is the same link."""
    named = f"{tenant_id}/{invoice_id}".encode()
    signature = hmac.digest(secret, PURPOSE + named, "sha256")
    return f"{_text(named)}.{_text(signature)}"


def hosted_url(public_url: str, secret: bytes, *, tenant_id: str, invoice_id: InvoiceId) -> str:
    """Where the customer sees that invoice."""
    return f"{public_url}/i/{token_of(secret, tenant_id=tenant_id, invoice_id=invoice_id)}"


def read_token(token: str) -> Named | None:
    """What it says it is for, None for what is no token at all. Proves nothing."""
    if len(token) > LONGEST:
        return None
    named, _, _ = token.partition(".")
    try:
        padded = named.encode("ascii") + b"=" * (-len(named) % 4)
        plain = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    tenant_id, _, invoice_id = plain.rpartition("/")
    if not tenant_id.isprintable() or not REF.fullmatch(invoice_id):
        return None
    return Named(tenant_id, InvoiceId(invoice_id))


def is_genuine(token: str, named: Named, secret: bytes) -> bool:
    """True when it is, to the letter, the token we give out for that. In constant time."""
    right = token_of(secret, tenant_id=named.tenant_id, invoice_id=named.invoice_id)
    return hmac.compare_digest(token.encode("utf-8", "replace"), right.encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
