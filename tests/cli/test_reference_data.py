"""Reference data on the command line: indices, rates, rate cards, parents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Usance

pytestmark = pytest.mark.postgres

COMPANY = """
companyFile: 1
customers:
  - {customerId: shop, name: Shop, parentId: holding, billTo: PARENT}
  - {customerId: holding, name: Holding}
rateCards:
  - rateCardId: standard
    name: Standard
    versions:
      - validFrom: 2025-01-01
        items:
          seat: [{currency: EUR, price: {model: PER_UNIT, unitAmount: "30"}}]
"""


def test_an_index_is_imported_once_and_a_change_is_refused(usance: Usance, tmp_path: Path) -> None:
    file = tmp_path / "cpi.csv"
    file.write_text("month,value\n2025-01,317.671\n2025-02,319.082\n")
    command = ("indices", "import", str(file), "--series", "CPI-U")
    assert usance(*command).stdout == "CPI-U: 2 new figures, 0 known\n"
    assert usance(*command).stdout == "CPI-U: 0 new figures, 2 known\n"
    file.write_text("month,value\n2025-02,319.1\n")
    refused = usance(*command)
    assert refused.returncode == 1
    assert "IndexAlreadyPublished" in refused.stderr
    assert usance(*command, "--restate").stdout == "CPI-U: 1 new figure, 0 known\n"
    (listed,) = json.loads(usance("indices", "list", "--json").stdout)
    assert listed == {"id": "CPI-U", "first": "2025-01", "last": "2025-02", "months": 2}


def test_rates_are_imported_and_looked_up(usance: Usance, tmp_path: Path) -> None:
    file = tmp_path / "eurofxref-hist.csv"
    file.write_text("Date,USD,JPY,\n2025-01-31,1.0393,160.99,\n")
    assert usance("fx", "import", str(file)).stdout == "ECB: 2 new rates, 0 known\n"
    told = usance("fx", "rate", "USD", "JPY", "--on", "2025-02-01").stdout
    assert told == "1 USD = 154.90234 JPY (ECB, 2025-01-31)\n"
    missing = usance("fx", "rate", "USD", "GBP", "--on", "2025-02-01")
    assert (missing.returncode, "FxRateMissing" in missing.stderr) == (1, True)


def test_a_company_file_may_name_parents_and_rate_cards_in_any_order(
    usance: Usance, tmp_path: Path
) -> None:
    file = tmp_path / "company.yaml"
    file.write_text(COMPANY)
    loaded = usance("company", "load", str(file))
    assert loaded.returncode == 0, loaded.stderr
    told = usance("customers", "parent", "shop")
    assert told.stdout == "shop belongs to no account, paying its own invoices\n"
    told = usance("customers", "parent", "shop", "holding", "--pays")
    assert told.stdout == "shop belongs to holding, which pays\n"
    circle = usance("customers", "parent", "holding", "shop")
    assert (circle.returncode, "ParentCycle" in circle.stderr) == (1, True)
