"""Exchange rates: imported, looked up, never billed by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import CurrencyCode, Instant, Single, Wire
from usance.api.fields import Ref, at
from usance.api.route import resource
from usance.documents.plain import currency, day, number
from usance.domain.calendar import FIRST_DAY, LAST_DAY, parse_day
from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.fx import FxQuote
from usance.domain.money import currency as currency_of
from usance.flows.import_fx_rates import import_fx_rates
from usance.store import fx_rates

MAX_RATES = 5000
SOURCE = "ECB"

router = resource("fx-rates", tag="Reference data")

SourceQuery = Annotated[str, Query(max_length=255, description="Whose rates.")]
DayQuery = Annotated[str | None, Query(description="A day, as 2025-01-31.")]


class QuoteBody(Wire):
    """One unit of `base` cost `rate` of `quote` on a day."""

    base: CurrencyCode
    quote: CurrencyCode
    day: str = Field(examples=["2025-01-31"])
    rate: str = Field(description="Above zero, every digit as published.", examples=["1.0393"])


class QuotesBody(Wire):
    """Rates as a source published them."""

    source: Ref = Field(default=SOURCE, examples=["ECB"])
    rates: list[QuoteBody] = Field(min_length=1, max_length=MAX_RATES)
    restate: bool = Field(
        default=False, description="They may differ from rates known; those are kept too."
    )


class ImportedWire(Wire):
    """What an import did."""

    new_count: int
    known_count: int


class QuoteWire(QuoteBody):
    """A rate that was imported; of one that was restated, the last."""

    revision: int
    imported_at: Instant


class RateWire(QuoteBody):
    """The rate of a day, or the last before it; crossed where the pair itself is not quoted."""

    rate: str = Field(description="To 8 significant digits.", examples=["1.0393"])
    source: str
    is_stale: bool = Field(description="Older than weekends and holidays explain.")


@router.get("", operation_id="listFxRates", summary="List exchange rates")
def list_rates(
    caller: Asked,
    source: SourceQuery = SOURCE,
    since: DayQuery = None,
    until: DayQuery = None,
    currency: Annotated[CurrencyCode | None, Query(description="On either side.")] = None,
) -> Single[list[QuoteWire]]:
    """By day, then by pair, from `since` to `until`; at most 5,000."""
    first, last = _day(since, "since", FIRST_DAY), _day(until, "until", LAST_DAY)
    code = None if currency is None else at("currency", lambda: currency_of(currency).code)
    with caller.transaction() as tx:
        rows = fx_rates.some(tx, source, first=first, last=last, code=code, limit=MAX_RATES)
    return Single(
        data=[
            QuoteWire(
                base=row.base,
                quote=row.quote,
                day=row.day.isoformat(),
                rate=f"{row.rate:f}",
                revision=row.revision,
                imported_at=row.imported_at,
            )
            for row in rows
        ]
    )


@router.get("/rate", operation_id="getFxRate", summary="Look up an exchange rate")
def get_rate(
    caller: Asked,
    base: CurrencyCode,
    quote: CurrencyCode,
    on: Annotated[str, Query(description="A day, as 2025-01-31.")],
    source: SourceQuery = SOURCE,
) -> Single[RateWire]:
    """As quoted, the other way round, or across a currency that both were quoted in."""
    wanted = at("on", lambda: parse_day(on))
    pair = at("base", lambda: currency_of(base)), at("quote", lambda: currency_of(quote))
    with caller.transaction() as tx:
        found = fx_rates.around(tx, source, wanted).rate(*pair, wanted)
    return Single(
        data=RateWire(
            base=found.base.code,
            quote=found.quote.code,
            day=found.day.isoformat(),
            rate=found.text,
            source=found.source,
            is_stale=found.is_stale(wanted),
        )
    )


@router.post("", operation_id="importFxRates", summary="Import exchange rates")
def import_rates(caller: Asked, body: QuotesBody) -> Single[ImportedWire]:
    """All of them, or none. A rate that differs from the known one needs `restate`."""
    quotes = quotes_from(body.rates)
    new = import_fx_rates(
        caller.runtime, caller.scope, quotes, source=body.source, may_restate=body.restate
    )
    return Single(data=ImportedWire(new_count=new, known_count=len(quotes) - new))


def quotes_from(sent: Sequence[QuoteBody]) -> list[FxQuote]:
    """The quotes. Raises Invalid with every problem."""
    quotes: list[FxQuote] = []
    problems: list[Problem] = []
    for index, each in enumerate(sent):
        try:
            base, quote = currency(each.base, "base"), currency(each.quote, "quote")
            quotes.append(FxQuote(base, quote, day(each.day, "day"), number(each.rate, "rate")))
        except Invalid as refused:
            problems += [problem.under(f"rates[{index}]") for problem in refused.problems]
    refuse_if(problems[:100])
    return quotes


def _day(asked: str | None, path: str, default: date) -> date:
    return default if asked is None else at(path, lambda: parse_day(asked))
