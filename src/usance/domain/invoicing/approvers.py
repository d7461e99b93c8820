"""Approvers: who acts, as the audit log writes it: `Ada Quill via key:key_1`, or only the key.

Until there are user accounts, whoever holds a key vouches for the person it names.
"""

from __future__ import annotations

import re

from usance.domain.errors import Invalid, Problem

LONGEST = 120
PERSON = re.compile(r"[^\W_][^\x00-\x1f\x7f-\x9f\ud800-\udfff:;,<>\"\\]*")
VIA = " via "


def named(person: str, *, through: str) -> str:
    """The actor of an act of `person` through a key or command: `Ada Quill via key:key_1`.

    Raises Invalid (InvalidActor) unless it has the shape of a name or an email address.
    """
    trimmed = re.sub(" +", " ", person).strip(" ")
    if len(person) > LONGEST or not PERSON.fullmatch(trimmed) or VIA in f" {trimmed} ":
        expected = f"a person's name or email address of at most {LONGEST} characters"
        raise Invalid(Problem("InvalidActor", "X-Usance-Actor", ascii(person[:80])[1:-1], expected))
    return f"{trimmed}{VIA}{through}"


def person_of(actor: str) -> str:
    """Who an actor is, to be compared: the person through whatever key; case does not count."""
    return actor.partition(VIA)[0].casefold()


def is_person(actor: str) -> bool:
    """False for a key that names nobody and for a rule: there is no telling who it was."""
    return not actor.startswith(("key:", "rule:"))
