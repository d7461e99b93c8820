"""Exchange rates in files: the European Central Bank's, and one a line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from usance.documents.fx_file import read_rates
from usance.domain.errors import Invalid
from usance.domain.fx import FxQuote
from usance.domain.money import currency

EUR, USD, JPY = (currency(code) for code in ("EUR", "USD", "JPY"))
FRIDAY, THURSDAY = date(2025, 1, 31), date(2025, 1, 30)


def test_the_table_of_the_central_bank_is_read_as_it_is_published() -> None:
    # A comma ends each line; the kroon and other currencies that are gone have columns still.
    text = (
        "Date,USD,JPY,EEK,RUB,\n"
        "2025-01-31,1.0393,160.99,N/A,N/A,\n"
        "2025-01-30,1.0396,160.57,N/A,N/A,\n"
    )
    assert read_rates(text, "eurofxref-hist.csv") == [
        FxQuote(EUR, USD, FRIDAY, Decimal("1.0393")),
        FxQuote(EUR, JPY, FRIDAY, Decimal("160.99")),
        FxQuote(EUR, USD, THURSDAY, Decimal("1.0396")),
        FxQuote(EUR, JPY, THURSDAY, Decimal("160.57")),
    ]


def test_rates_of_any_source_come_one_a_line() -> None:
    text = "day,base,quote,rate\n2025-01-31,USD,JPY,154.902338\n"
    assert read_rates(text, "bank.csv") == [FxQuote(USD, JPY, FRIDAY, Decimal("154.902338"))]


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("", "EmptyFile", "r.csv"),
        ("Date,USD\n2025-01-31,N/A\n", "EmptyFile", "r.csv"),
        ("day,from,to,rate\n2025-01-31,EUR,USD,1\n", "UnreadableFile", "r.csv:2"),
        ("day,base,quote,rate\n31.1.2025,EUR,USD,1\n", "InvalidDay", "r.csv:2.day"),
        ("day,base,quote,rate\n2025-01-31,EUR,XXY,1\n", "UnknownCurrency", "r.csv:2.quote"),
        ("day,base,quote,rate\n2025-01-31,EUR,USD,0\n", "InvalidFxRate", "r.csv:2.rate"),
        ("Date,USD\n2025-01-31,a lot\n", "InvalidNumber", "r.csv:2.USD"),
        ("Date,QQQ\n2025-01-31,1.5\n", "UnknownCurrency", "r.csv:2.QQQ"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(text: str, code: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_rates(text, "r.csv")
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == (code, path)
