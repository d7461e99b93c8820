"""docs/guides/finance.md says what to do about every finding a draft can have."""

from __future__ import annotations

import re

from tests.docs.reading import ROOT
from usance.domain.invoicing.findings import REMEDIES

PAGE = (ROOT / "docs" / "guides" / "finance.md").read_text("utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (?:error|warning|info) \| .+ \|$", re.MULTILINE)


def test_the_guide_names_every_finding() -> None:
    assert set(ROW.findall(PAGE)) == REMEDIES.keys()
