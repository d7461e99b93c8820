"""Registers of tax ids: whether a number is one that a tax office gave, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from usance.domain.customer import TaxId


class RegisterAnswer(NamedTuple):
    """What a register said. `consultation` proves that we asked; `answer` is all it said."""

    is_valid: bool
    consultation: str
    name: str
    address: str
    answer: Mapping[str, object]


class TaxIdRegister(Protocol):
    """Something that knows which tax ids are registered."""

    def look_up(self, tax_id: TaxId, *, asked_by: TaxId | None) -> RegisterAnswer:
        """What it says of that number; `asked_by` is our own, for its proof.

        Raises ProviderError: a register that is away says nothing about a number.
        """
