"""Working: the steps of a calculation, kept while it is computed."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

Fact = Decimal | int | str


class Working(Struct, frozen=True, gc=False):
    """One step: the rule applied, the figures that entered and left it, the steps inside it.

    `rule` is a stable code ("graduated", "tier", "proration"); `facts` keep the order in which a
    person reads them, names as in the notation. A `msgspec` encoder writes it as it is.
    """

    rule: str
    facts: dict[str, Fact]
    parts: tuple[Working, ...] = ()

    def find(self, rule: str) -> Working | None:
        """The first step of that rule, depth first, or None."""
        if self.rule == rule:
            return self
        for part in self.parts:
            if (found := part.find(rule)) is not None:
                return found
        return None

    def every(self, rule: str) -> list[Working]:
        """All steps of that rule, in the order they were made."""
        found = [self] if self.rule == rule else []
        for part in self.parts:
            found.extend(part.every(rule))
        return found
