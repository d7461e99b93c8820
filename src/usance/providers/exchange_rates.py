"""Exchange rates as the European Central Bank publishes them."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import httpx

from usance.providers.errors import ProviderError
from usance.providers.http_json import RETRYABLE, TIMEOUT

ECB = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip"
TABLE = "eurofxref-hist.csv"
LARGEST = 20_000_000  # bytes, packed or not; since 1999 it has grown to about 3 million


@dataclass(frozen=True, slots=True)
class EuropeanCentralBank:
    """The euro's reference rates of every working day since 1999, published about 16:00 CET."""

    url: str = ECB

    @property
    def source(self) -> str:
        """`ECB`."""
        return "ECB"

    def published(self) -> str:
        """The table in its archive. Raises ProviderError; redirects are not followed."""
        try:
            with (
                httpx.Client(timeout=TIMEOUT) as client,
                client.stream("GET", self.url) as answer,
            ):
                content = _content(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = f"The ECB did not answer: {type(error).__name__}"
            raise ProviderError(reason, retryable=True) from error
        if answer.status_code != 200:
            raise ProviderError(
                f"The ECB answered with status {answer.status_code}",
                retryable=answer.status_code in RETRYABLE,
            )
        return _table_in(content)


def _content(answer: httpx.Response) -> bytes:
    content = b""
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > LARGEST:
            raise ProviderError("The ECB answered with too much", retryable=False)
    return content


def _table_in(archive: bytes) -> str:
    """No more of it is unpacked than it may hold, whatever it says of itself."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened, opened.open(TABLE) as table:
            content = table.read(LARGEST + 1)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:
        raise ProviderError(f"The ECB's archive holds no {TABLE}", retryable=False) from error
    if len(content) > LARGEST:
        raise ProviderError("The ECB's table is too large", retryable=False)
    return content.decode("utf-8", "replace")
