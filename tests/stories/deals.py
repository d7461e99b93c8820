"""Deals in a few words: the sentences the stories sign, and the order forms they stand for.

The first line says when and how, each other line what is sold:

    12 months from 2025-01-01, PO PO-7, net 30
    Platform 12,000.00 then 14,400.00 USD, yearly in advance
    20 Seats at 30.00 USD a month, yearly in advance
    API calls at 0.01 USD, used monthly
    Setup 1,000.00 USD on 2025-01-01, on its own invoice
    Acceptance 800,000 JPY when reached on 2025-06-16
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from usance.domain.calendar import month_after, parse_day

CUSTOMER_OF = {"USD": "larkspur", "EUR": "nordlicht", "JPY": "minato"}
ENTITY_OF = {"USD": "halden-us", "EUR": "halden-de", "JPY": "halden-jp"}
UNIT_OF = {"monthly": "MONTH", "quarterly": "QUARTER", "yearly": "YEAR"}

TERM = re.compile(r"(?P<months>\d+) months from (?P<start>[\d-]+)")
LINE = re.compile(
    r"(?:(?P<count>\d+) )?(?P<name>[A-Z][\w ]*?) (?:at )?"
    r"(?P<amounts>[\d,.]+(?: then [\d,.]+)*) (?P<currency>[A-Z]{3})(?: a (?P<per>month|year))?"
    r"(?:, (?P<every>\w+) in (?P<timing>advance|arrears)|, used (?P<used>\w+)"
    r"| on (?P<on>[\d-]+)| when reached on (?P<reached>[\d-]+))"
    r"(?P<separate>, on its own invoice)?"
)
OPTIONS: dict[str, Callable[..., dict[str, object]]] = {
    r"as (\S+)": lambda ref: {"orderId": ref, "contractId": ref},
    r"by (\S+)": lambda ref: {"customerId": ref},
    r"PO required": lambda: {"poRequired": True},
    r"PO (\S+)": lambda number: {"poNumber": number},
    r"net (\d+)": lambda days: {"paymentTerms": {"netDays": int(days)}},
    r"approved under ([\d.]+)": lambda amount: {"autoApprove": {"under": amount}},
    r"invoiced alone": lambda: {"consolidate": False},
    r"usage held (\d+) days": lambda days: {"usageHoldDays": int(days)},
}


def order_form(text: str) -> dict[str, object]:
    """The order form of a deal written as above."""
    heading, *sold = (line.strip() for line in text.strip().splitlines())
    written, *options = heading.split(", ")
    term = _matched(TERM, written)
    start = parse_day(term["start"])
    currency = _matched(LINE, sold[0])["currency"]
    form: dict[str, object] = {
        "customerId": CUSTOMER_OF[currency],
        "legalEntityId": ENTITY_OF[currency],
        "currency": currency,
        "term": {"start": str(start), "months": int(term["months"])},
        "lines": [_line(line, start, int(term["months"])) for line in sold],
    }
    for option in options:
        form |= _option(option)
    return form


def _matched(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    found = pattern.fullmatch(text)
    assert found, f"no deal reads {text!r}"
    return {key: value for key, value in found.groupdict().items() if value is not None}


def _option(text: str) -> dict[str, object]:
    for pattern, said in OPTIONS.items():
        if found := re.fullmatch(pattern, text):
            return said(*found.groups())
    raise AssertionError(f"no deal reads {text!r}")


def _line(text: str, start: date, months: int) -> dict[str, object]:
    said = _matched(LINE, text)
    amounts = [amount.replace(",", "") for amount in said["amounts"].split(" then ")]
    model = "PER_UNIT" if "count" in said or "used" in said else "FLAT"
    prices = [_price(model, amount) for amount in amounts]
    line: dict[str, object] = {"lineId": said["name"].lower().replace(" ", "-")}
    line |= {"name": said["name"], "price": prices[0], "separateInvoice": "separate" in said}
    if "count" in said:
        line["quantity"] = int(said["count"])
    if "per" in said:
        line["pricePer"] = {"unit": said["per"].upper()}
    if len(prices) > 1:
        line["ramp"] = list(_ramp(prices, start, months))
    return line | _when(said)


def _price(model: str, amount: str) -> dict[str, object]:
    return {"model": model, "amount" if model == "FLAT" else "unitAmount": amount}


def _ramp(prices: list[dict[str, object]], start: date, months: int) -> Iterator[dict[str, object]]:
    """The price of each year; the last one holds to the end of the term."""
    for year, price in enumerate(prices, start=1):
        end = month_after(start, months if year == len(prices) else 12 * year)
        yield {"start": str(month_after(start, 12 * year - 12)), "end": str(end), "price": price}


def _when(said: dict[str, str]) -> dict[str, object]:
    if "used" in said:
        billing: dict[str, object] = {"every": {"unit": UNIT_OF[said["used"]]}}
        return {"kind": "USAGE", "featureId": "api-calls", "billing": billing}
    if "every" in said:
        timing = f"IN_{said['timing'].upper()}"
        return {
            "kind": "RECURRING",
            "billing": {"every": {"unit": UNIT_OF[said["every"]]}, "timing": timing},
        }
    is_once = "on" in said
    return {
        "kind": "ONE_OFF" if is_once else "MILESTONE",
        "on": said["on" if is_once else "reached"],
    }
