"""The structured creditor reference (ISO 11649, "RF…") that a payer's bank carries unchanged.

A bank checks its two check digits before it sends the payment, so a mistyped reference never
arrives, and a statement line that carries one names its invoice without guessing.
"""

from __future__ import annotations

import re

from usance.domain.errors import Invalid, Problem

LONGEST = 21  # letters and digits after "RF" and the two check digits
SHAPE = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}")


def creditor_reference(number: str) -> str:
    """The reference of a document number: `creditor_reference("INV-2026-0042")` begins with RF.

    Carries the number's letters, in upper case, and its digits; separators fall away, so numbers
    of one series stay different as long as its pattern keeps their places. Raises Invalid
    (NumberUnfitForReference) when there is nothing to carry, more than 21 characters, or a letter
    outside A to Z: cut or replaced, two invoices could share a reference.
    """
    carried = "".join(sign for sign in number if sign.isalnum())
    if not (carried.isascii() and 1 <= len(carried) <= LONGEST):
        expected = f"1 to {LONGEST} letters A to Z and digits, separators aside"
        raise Invalid(Problem("NumberUnfitForReference", "number", number[:80], expected))
    carried = carried.upper()
    return f"RF{98 - _remainder(carried + 'RF00'):02d}{carried}"


def is_creditor_reference(text: str) -> bool:
    """True for a reference whose check digits are right, in any case and with or without spaces."""
    reference = normalised(text)
    return bool(SHAPE.fullmatch(reference)) and _remainder(reference[4:] + reference[:4]) == 1


def normalised(text: str) -> str:
    """As banks store it: upper case, no spaces. Says nothing about whether it is right."""
    return "".join(text.split()).upper()


def grouped(reference: str) -> str:
    """As it is printed and read aloud, in groups of four: `RF18 5390 0754 7034`."""
    plain = normalised(reference)
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def _remainder(signs: str) -> int:
    """Modulo 97 (ISO 7064), each letter read as 10 to 35."""
    return int("".join(str(int(sign, 36)) for sign in signs)) % 97
