"""How the rules say no.

    DomainError                 every refusal; `code` is public and never changes
    ├── Invalid                 the input breaks a rule; carries one or more problems
    ├── NotFound                nothing by that id in this environment
    ├── Conflict                it exists already, or somebody else was first
    ├── NotAllowedNow           right request, wrong state
    ├── Unidentified            who asks did not prove who they are
    └── Forbidden               this key or link may not do that

A refusal is raised before anything is written. Problems in the user's data that do not stop the
work are findings (values on a draft), not errors. A broken invariant of ours is an `assert`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class DomainError(Exception):
    """The rules said no. `code` is public and never changes; the HTTP status is api/errors.py's."""

    code: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: which rule, where, what was there, what would be right.

    `path` names the field as the sender wrote it: `lines[2].price.unitAmount`.
    """

    code: str
    path: str
    value: str
    expected: str

    @property
    def message(self) -> str:
        """One sentence for a person."""
        where = self.path or "document"
        return f"{where}: {self.value!r} is not accepted; expected {self.expected}"

    def under(self, prefix: str) -> Problem:
        """The same problem, seen from the document that holds this one at `prefix`."""
        joint = "" if not self.path or self.path.startswith("[") else "."
        return Problem(self.code, f"{prefix}{joint}{self.path}", self.value, self.expected)


class Invalid(DomainError):
    """The input breaks one or more rules; nothing of it was stored."""

    code = "Invalid"

    def __init__(self, *problems: Problem) -> None:
        assert problems, "an Invalid names at least one problem"
        self.problems = problems
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(problems[0].message + more)


class NotFound(DomainError):
    """Nothing of that kind by that id in this environment."""

    code = "NotFound"

    def __init__(self, kind: str, ref: str) -> None:
        super().__init__(f"There is no {kind} {ref!r} in this environment.")
        self.kind = kind
        self.ref = ref


class Conflict(DomainError):
    """It exists already, or somebody else was first."""

    code = "Conflict"


class NotAllowedNow(DomainError):
    """A right request at the wrong moment: the state does not allow it."""

    code = "NotAllowedNow"


class Unidentified(DomainError):
    """Who asks did not prove who they are."""

    code = "Unidentified"


class Forbidden(DomainError):
    """This key, role or link may not do that."""

    code = "Forbidden"


def refuse_if(problems: Sequence[Problem]) -> None:
    """Raise `Invalid` with all of `problems`, or return when there are none."""
    if problems:
        raise Invalid(*problems)
