"""Reading what a payer wrote: which invoices a remittance names."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache

from usance.domain.errors import Invalid
from usance.domain.payments.creditor_reference import creditor_reference


def is_named_in(remittance: str, number: str) -> bool:
    """True when the text carries the invoice's creditor reference or its number as a word.

    In any letter case. Banks and payers regroup: a reference may have blanks anywhere, a number
    may have its separators replaced or left out (`ACME 2025/00042`, `acme202500042`).
    """
    return bool(remittance) and _names(number).search(remittance.upper()) is not None


@lru_cache(maxsize=10_000)
def _names(number: str) -> re.Pattern[str]:
    words = re.findall(r"[^\W_]+", number.upper())
    forms = [r"[\W_]{0,3}".join(re.escape(word) for word in words)]
    with suppress(Invalid):  # a number that fits no reference was printed without one
        forms.append(r"\s*".join(creditor_reference(number)))
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(forms)})(?![^\W_])")
