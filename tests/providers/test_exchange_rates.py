"""The European Central Bank's rates, from a real HTTP server that plays it."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.providers.doubles import service
from usance.documents.fx_file import read_rates
from usance.providers.errors import ProviderError
from usance.providers.exchange_rates import TABLE, EuropeanCentralBank

RATES = "Date,USD,JPY,\n2025-01-31,1.0393,160.99,\n"


def packed(name: str = TABLE) -> bytes:
    """An archive as the bank publishes it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(name, RATES)
    return archive.getvalue()


def test_what_the_bank_publishes_is_read() -> None:
    with service(packed()) as played:
        bank = EuropeanCentralBank(f"{played.url}/eurofxref-hist.zip")
        quotes = read_rates(bank.published(), bank.source)
    assert [(each.quote.code, f"{each.rate}") for each in quotes] == [
        ("USD", "1.0393"),
        ("JPY", "160.99"),
    ]
    assert played.asked == [("/eurofxref-hist.zip", None)]
    assert bank.source == "ECB"


@pytest.mark.parametrize(
    ("content", "status", "retryable"),
    [
        (b"", 503, True),
        (b"", 404, False),
        (b"no archive", 200, False),
        (packed("other.csv"), 200, False),
    ],
)
def test_an_answer_that_is_no_table_of_rates_is_the_banks_failure(
    content: bytes, status: int, retryable: bool
) -> None:
    with service(content, status) as played, pytest.raises(ProviderError) as failed:
        EuropeanCentralBank(played.url).published()
    assert failed.value.retryable is retryable


def test_a_bank_that_is_away_may_be_asked_again() -> None:
    with service() as played:
        address = played.url
    with pytest.raises(ProviderError) as failed:
        EuropeanCentralBank(address).published()
    assert failed.value.retryable
