"""Settings: the few things a process must be told from outside, parsed once.

Everything about a business (entities, series, tax rates, policies) is a tenant's own, in the
database. These are only about where this process finds its own things.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(Exception):
    """An environment variable cannot be used; the message names it and says what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says.

    `database_url` None: the embedded PostgreSQL under `home`. `public_url` is where customers
    reach the hosted pages, without a trailing slash; None: wherever `serve` listens. `vies_url`
    is where the register of VAT ids answers; None: at the European Commission.
    """

    home: Path
    database_url: str | None = None
    public_url: str | None = None
    max_body_bytes: int = 5_000_000
    vies_url: str | None = None


def settings_from(environment: Mapping[str, str] = os.environ) -> Settings:
    """Reads USANCE_HOME, USANCE_DATABASE_URL, USANCE_PUBLIC_URL, USANCE_MAX_BODY_BYTES and
    USANCE_VIES_URL.

    Raises SettingsError.
    """
    home = environment.get("USANCE_HOME") or "~/.usance"
    limit = environment.get("USANCE_MAX_BODY_BYTES") or "5000000"
    if not limit.isdecimal() or not int(limit):
        raise SettingsError(f"USANCE_MAX_BODY_BYTES is {limit!r}; expected a number above 0")
    url = environment.get("USANCE_DATABASE_URL") or None
    if url is not None and not url.startswith(("postgresql://", "postgres://")):
        expected = "postgresql://user:password@host:5432/database"
        raise SettingsError(f"USANCE_DATABASE_URL is not a PostgreSQL URL; expected {expected}")
    public_url = environment.get("USANCE_PUBLIC_URL") or None
    return Settings(
        home=Path(home).expanduser().resolve(),
        database_url=url,
        public_url=public_url.rstrip("/") if public_url else None,
        max_body_bytes=int(limit),
        vies_url=(environment.get("USANCE_VIES_URL") or "").rstrip("/") or None,
    )
