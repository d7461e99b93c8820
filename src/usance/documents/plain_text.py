"""Text from outside, made safe to print: it stays text, keeps its direction and its line.

Control characters vanish, line breaks survive only where lines are wanted, and marks that turn
the reading direction (a name could so disguise an amount) are dropped. Nothing else changes.
"""

from __future__ import annotations

import re
import unicodedata

UNREADABLE = "\ufffd"
JOINERS = "\u200c\u200d"  # kept: Indic scripts and emoji need them
BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
ODD = re.compile(r"[^\x20-\x7e\n]")


def paragraph(text: str) -> str:
    """Safe text that keeps its line breaks."""
    text = BREAKS.sub("\n", text)
    if not ODD.search(text):
        return text.strip()
    return ODD.sub(_plain, unicodedata.normalize("NFC", text)).strip()


def line(text: str) -> str:
    """Safe text on one line."""
    text = paragraph(text)
    return " ".join(text.split("\n")) if "\n" in text else text


def _plain(odd: re.Match[str]) -> str:
    sign = odd.group()
    if sign == "\t":
        return " "
    match unicodedata.category(sign):
        case "Cc":
            return ""
        case "Cf":
            return sign if sign in JOINERS else ""
        case "Cs" | "Cn" | "Co":
            return UNREADABLE
        case _:
            return sign
