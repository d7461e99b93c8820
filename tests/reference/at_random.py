"""Contracts at random: order forms of all kinds as people might sign them, and what was used.

Days are odd on purpose: month ends, leap days, anchors before and after the term. What is made may
be refused (a change of a line that is gone); whoever reads it leaves such an order out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

from tests.reference.days import months_later

Form = dict[str, Any]
ODD_DAYS = [
    date(2024, 1, 31), date(2024, 2, 29), date(2023, 2, 28), date(2023, 12, 31), date(2024, 8, 30),
    date(2025, 1, 1), date(2024, 3, 1), date(2023, 5, 31), date(2024, 1, 1),
]  # fmt: skip
MONTHLY = {"count": 1, "unit": "MONTH"}
CADENCES: list[Form] = [
    MONTHLY, MONTHLY, MONTHLY, {"unit": "QUARTER"}, {"unit": "YEAR"}, {"count": 2, "unit": "MONTH"},
    {"count": 6, "unit": "MONTH"}, {"count": 2, "unit": "WEEK"}, {"count": 45, "unit": "DAY"},
    {"count": 2, "unit": "QUARTER"},
]  # fmt: skip
BOUGHT = ("COMMITMENT", "PREPAID")
IN_MONTHS = ("MONTH", "QUARTER", "YEAR")


@dataclass
class Signed:
    """What one contract was made of."""

    seed: int
    digits: int
    forms: list[Form]
    usage: dict[str, dict[date, Fraction]] = field(default_factory=dict)


def signed(seed: int) -> Signed:
    """The contract of that number: the same, whenever it is asked for."""
    return _Maker(seed).contract()


class _Maker:
    """Makes one contract; remembers what its lines and term are so far."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = Random(seed)
        self.start = self.day_near(date(2024, 6, 1), 500)
        self.term_start = self.start
        self.end = months_later(self.start, self.chance.randint(1, 40))
        if self.may(20):
            self.end += timedelta(days=self.chance.randint(1, 27))
        self.code, self.digits = self.chance.choice(
            [("USD", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3)]
        )
        self.lines: dict[str, Form] = {}  # that can be changed, by their ids
        self.signed: list[Form] = []  # all of them
        self.is_shortened = False
        self.features: set[str] = set()

    def may(self, percent: int) -> bool:
        return self.chance.randrange(100) < percent

    def day_near(self, middle: date, reach: int) -> date:
        if self.may(35):
            return self.chance.choice(ODD_DAYS)
        return middle + timedelta(days=self.chance.randint(-reach, reach))

    def day_in(self, start: date, end: date) -> date:
        """A day of these, often one that a month begins or ends on."""
        day = start + timedelta(days=self.chance.randrange(max(1, (end - start).days)))
        if self.may(30):
            same = months_later(start, (day.year - start.year) * 12 + day.month - start.month)
            day = same if start <= same < end else day
        return day

    def amount(self, most: int) -> str:
        """In major units, with no more decimals than the currency has."""
        minor = self.chance.randint(0, most * 10**self.digits)
        return _written(Fraction(minor, 10**self.digits))

    def unit_price(self, most: int) -> str:
        decimals = self.chance.choice([0, 1, 2, 2, 4, 6])
        return _written(Fraction(self.chance.randint(0, most * 10**decimals), 10**decimals))

    # The contract

    def contract(self) -> Signed:
        first: Form = {
            "kind": "INITIAL", "orderId": "o0", "contractId": "c", "customerId": "acme",
            "legalEntityId": "halden", "currency": self.code,
            "term": {"start": self.start.isoformat(), "end": self.end.isoformat()},
        }  # fmt: skip
        if self.may(30):
            first["uplift"] = self.uplift()
        if self.may(20):
            first["renewal"] = {"uplift": self.uplift()}
        if self.may(15):
            first["billingDay"] = self.chance.randint(1, 28)
        first |= self.comes_off(15, self.start)
        first["lines"] = self.new_lines(self.start, self.chance.randint(1, 4), "a")
        forms = [first, *self.later()]
        return Signed(self.seed, self.digits, forms, self.used())

    def uplift(self) -> Form:
        plain: Form = {"percent": self.chance.choice(["3", "2.5", "10", "0.75", "-5"])}
        if self.may(30):
            plain["decimals"] = self.chance.randint(0, 4)
        return plain

    def used(self) -> dict[str, dict[date, Fraction]]:
        days = (self.end - self.start).days + 20
        out: dict[str, dict[date, Fraction]] = {}
        for feature in sorted(self.features):
            out[feature] = {
                self.start + timedelta(days=self.chance.randint(-10, days)): Fraction(
                    self.chance.randint(0, 40_000), self.chance.choice([1, 10, 100])
                )
                for _ in range(self.chance.randint(0, 60))
            }
        return out

    # Lines

    def new_lines(self, start: date, count: int, prefix: str) -> list[Form]:
        out: list[Form] = []
        for index in range(count):
            name = f"{prefix}{index}"
            make: Callable[[date], Form] = self.chance.choice(
                [self.recurring, self.recurring, self.recurring, self.usage, self.usage, self.once]
            )
            out.append({"lineId": name, "name": name, **make(start)})
        metered = [line["lineId"] for line in out if line["kind"] == "USAGE"]
        if metered and self.may(50):
            name = f"{prefix}x"
            out.append({"lineId": name, "name": name, **self.bought(start, metered)})
        for line in out:
            self.lines[line["lineId"]] = line
        self.signed += out
        return out

    def service(self, start: date) -> Form:
        """Often all days; else a part of them, as far as there is one."""
        if self.may(75) or (self.end - start).days < 20:
            return {}
        first = self.day_in(start, self.end - timedelta(days=10))
        service = {"start": first.isoformat()}
        if self.may(50):
            service["end"] = self.day_in(first + timedelta(days=1), self.end).isoformat()
        return {"service": service}

    def billing(self, start: date) -> Form:
        every = self.chance.choice(CADENCES)
        billing: Form = {"every": every}
        if self.may(20):
            billing["anchorOn"] = self.day_near(start, 400).isoformat()
        elif self.may(20) and every["unit"] in IN_MONTHS:
            billing["dayOfMonth"] = self.chance.choice([1, 15, 28, self.chance.randint(1, 28)])
        out: Form = {"billing": billing}
        if self.may(12):
            out["stubs"] = {self.chance.choice(["first", "last"]): "WAIVE"}
        return out

    def recurring(self, start: date) -> Form:
        line: Form = {"kind": "RECURRING", **self.service(start)}
        line |= {"price": self.price(), "quantity": self.chance.randint(1, 60)}
        own_start = date.fromisoformat(line.get("service", {}).get("start", start.isoformat()))
        own_end = date.fromisoformat(line.get("service", {}).get("end", self.end.isoformat()))
        if self.may(12):
            line |= self.plan(own_start, own_end)
        else:
            line |= self.billing(start)
            every = line["billing"]["every"]
            if self.may(8):
                line["billing"]["every"] = "WHOLE_TERM"
                line["billing"].pop("dayOfMonth", None)
            elif self.may(25) and every["unit"] in IN_MONTHS:
                line["pricePer"] = MONTHLY
            if self.may(25):
                line["billing"]["timing"] = "IN_ARREARS"
        if self.may(20):
            line |= self.ramp(own_start, own_end, "quantity")
        line |= self.comes_off(25, own_start, own_end)
        if self.may(10):
            line["priceHoldUntil"] = self.day_near(months_later(start, 14), 60).isoformat()
        return line

    def usage(self, start: date) -> Form:
        feature = f"f{self.chance.randint(0, 2)}"
        self.features.add(feature)
        line: Form = {"kind": "USAGE", "featureId": feature, **self.service(start)}
        line |= {"price": self.price(of_usage=True), **self.billing(start)}
        if self.may(20):
            line["tierScope"] = "TERM"
            line["price"].pop("included", None)
        own_start = date.fromisoformat(line.get("service", {}).get("start", start.isoformat()))
        own_end = date.fromisoformat(line.get("service", {}).get("end", self.end.isoformat()))
        line |= self.comes_off(20, own_start, own_end)
        return line

    def once(self, start: date) -> Form:
        on = self.day_in(start, self.end)
        kind = self.chance.choice(["ONE_OFF", "MILESTONE"])
        line: Form = {"kind": kind, "on": on.isoformat(), "price": self.price()}
        line["quantity"] = self.chance.randint(1, 5)
        if kind == "ONE_OFF" and self.may(30):
            line |= self.plan(on, on + timedelta(days=200))
        return line

    def bought(self, start: date, metered: list[str]) -> Form:
        """A commitment, or what is prepaid, for some metered lines."""
        kind = self.chance.choice(["COMMITMENT", "PREPAID"])
        line: Form = {"kind": kind, "amount": self.amount(3000), **self.billing(start)}
        line |= self.service(start)
        if kind == "PREPAID" and self.may(50):
            lasting = self.chance.choice([MONTHLY, {"count": 3, "unit": "MONTH"}])
            line["carryOver"] = {"percent": self.chance.choice([100, 50, "33.3"]), "for": lasting}
        if "service" not in line and self.may(20):
            line |= self.ramp(start, self.end, "amount")
        if self.may(50):
            line["covers"] = metered
        return line

    def ramp(self, start: date, end: date, key: str) -> Form:
        days = sorted({self.day_in(start, end) for _ in range(2)} - {start})
        edges = [start, *days, end]
        steps: list[Form] = []
        for first, last in pairwise(edges):
            step: Form = {"start": first.isoformat(), "end": last.isoformat()}
            step[key] = self.amount(3000) if key == "amount" else self.chance.randint(1, 60)
            if key == "quantity" and self.may(40):
                step["price"] = self.price()
            steps.append(step)
        return {"ramp": steps}

    def plan(self, start: date, end: date) -> Form:
        days = sorted({self.day_in(start, end) for _ in range(3)})
        way = self.chance.randrange(3)
        if way == 0:
            share = self.chance.randint(1, 99)
            return {
                "deposit": {"percent": share, "on": start.isoformat()},
                "balanceOn": (days[-1] + timedelta(days=1)).isoformat(),
            }
        if way == 1:
            return {"instalments": {"count": self.chance.randint(1, 7), "every": MONTHLY}}
        parts: list[Form] = [
            {"on": day.isoformat(), "percent": self.chance.choice([10, 25, "33.33"])}
            for day in days[:-1]
        ]
        return {"plan": [*parts, {"on": days[-1].isoformat()}]}

    def comes_off(self, percent: int, start: date, end: date | None = None) -> Form:
        out: Form = {}
        end = end or self.end
        if self.may(percent):
            off = self.off()
            if self.may(50):
                off["from"] = self.day_in(start, end).isoformat()
            if self.may(50):
                first = date.fromisoformat(off.get("from", start.isoformat()))
                off["until"] = self.day_in(first + timedelta(days=1), end).isoformat()
            out["discounts"] = [off, self.off()] if self.may(25) else [off]
        if self.may(percent // 2) and months_later(start, 3) < end:
            out["freeMonths"] = self.chance.randint(1, 2)
        return out

    def off(self) -> Form:
        if self.may(65):
            return {"percent": self.chance.choice([10, 25, "12.5", 100, "7.77"])}
        return {"amount": self.amount(40)}

    # Prices

    def price(self, *, of_usage: bool = False) -> Form:
        most = 3 if of_usage else 40
        model = self.chance.choice(
            ["FLAT", "PER_UNIT", "PER_UNIT", "GRADUATED", "VOLUME", "PACKAGE"]
        )
        price: Form = {"model": model}
        if model == "FLAT":
            price["amount"] = self.unit_price(900)
        elif model == "PER_UNIT":
            price["unitAmount"] = self.unit_price(most)
        elif model == "PACKAGE":
            price["packageSize"] = self.chance.choice([5, 10, 100])
            price["packageAmount"] = self.unit_price(50)
            if self.may(30):
                price["rounding"] = self.chance.choice(["UP", "DOWN", "PROPORTIONAL"])
            if self.may(30):
                price["freeUnits"] = self.chance.randint(1, 30)
        else:
            price["tiers"] = self.tiers(most, 1000 if of_usage else 20)
            if self.may(15):
                price["billedAtZero"] = True
        if self.may(12) and model != "FLAT":
            price["included"] = self.chance.randint(1, 500 if of_usage else 10)
        if self.may(10):
            price["minimum"] = self.amount(300)
        elif self.may(10):
            price["maximum"] = self.amount(900)
        return price

    def tiers(self, most: int, width: int) -> list[Form]:
        bounds = sorted({self.chance.randint(1, width * 3) for _ in range(2)})
        out: list[Form] = []
        for bound in [*bounds, None]:
            tier: Form = {"upTo": bound, "unitAmount": self.unit_price(most)}
            if self.may(30):
                tier["flatAmount"] = self.amount(60)
            out.append(tier)
        return out

    # Later orders

    def later(self) -> list[Form]:
        out: list[Form] = []
        on = self.start
        for index in range(1, self.chance.choice([0, 1, 1, 2, 3, 4, 5, 6]) + 1):
            on = on if self.may(10) else self.day_in(on, self.end)
            if self.may(10):
                on = self.day_in(self.term_start, self.end)
            form: Form = {"contractId": "c", "orderId": f"o{index}", "sequence": index}
            kind = self.chance.choice([self.expand] * 3 + [self.amend] * 5 + [self.renew] * 2)
            if self.may(9):
                out.append(form | self.terminate(on))
                break
            made = kind(on, f"l{index}x")
            out.append(form | made)
            if made["kind"] == "RENEWAL":
                on = self.term_start
        return out

    def expand(self, on: date, prefix: str) -> Form:
        changes = [
            {"lineId": name, "addQuantity": self.chance.randint(1, 30)}
            for name in self.some(["RECURRING"])
        ]
        lines = self.new_lines(on, self.chance.randint(0 if changes else 1, 2), prefix)
        return {"kind": "EXPANSION", "effectiveOn": on.isoformat(), **_filled(changes, lines)}

    def some(self, kinds: list[str]) -> list[str]:
        names = [name for name, line in self.lines.items() if line["kind"] in kinds]
        return [name for name in names if self.may(45)][:3]

    def amend(self, on: date, prefix: str) -> Form:
        form: Form = {"kind": "AMENDMENT", "effectiveOn": on.isoformat()}
        if self.may(15) and not self.is_shortened:
            if self.may(60):
                self.end = months_later(self.end, self.chance.randint(1, 9))
            else:
                self.end = self.day_in(on + timedelta(days=1), self.end + timedelta(days=1))
                self.is_shortened = True
            form["termEnd"] = self.end.isoformat()
        changes = [self.change(name, on) for name in self.some(["RECURRING", "USAGE"])]
        lines = self.new_lines(on, 1, prefix) if self.may(20) else []
        form |= self.comes_off(12, on)
        if self.may(8):
            form["uplift"] = self.uplift()
        return form | _filled(changes, lines)

    def change(self, name: str, on: date) -> Form:
        line = self.lines[name]
        change: Form = {"lineId": name}
        first = on
        if self.may(30):
            first = self.day_in(on, self.end)
            change["from"] = first.isoformat()
        if self.may(8):
            return change | {"end": True}
        if self.may(25) and (self.end - first).days > 3:
            change["until"] = self.day_in(first + timedelta(days=1), self.end).isoformat()
        what = self.chance.randrange(4 if line["kind"] == "RECURRING" else 2)
        if what == 0:
            change["price"] = self.price(of_usage=line["kind"] == "USAGE")
            if line.get("tierScope"):
                change["price"].pop("included", None)
        if what == 1 or self.may(10):
            change["discount"] = self.off()
        if what == 2:
            change["quantity"] = self.chance.randint(0, 60)
        if what == 3:
            change["addQuantity"] = self.chance.randint(-4, 30) or 1
        return change

    def renew(self, on: date, prefix: str) -> Form:
        form: Form = {"kind": "RENEWAL"}
        is_early = self.may(30) and on > self.term_start
        start = on if is_early else self.end
        old_end = self.end
        self.term_start = start
        self.end = max(months_later(start, self.chance.randint(1, 24)), old_end + timedelta(days=3))
        form["term"] = {"start": start.isoformat(), "end": self.end.isoformat()}
        if is_early:
            form["early"] = True
        if self.may(30):
            form["carryOver"] = self.some(["RECURRING", "USAGE", "COMMITMENT", "PREPAID"])
        if self.may(40):
            form["uplift"] = self.uplift()
        if self.may(15):
            form["yearlyUplift"] = self.uplift()
        form |= self.comes_off(10, start)
        carried = form.get("carryOver", list(self.lines))
        self.lines = {
            name: line for name, line in self.lines.items() if name in carried and "billing" in line
        }
        changes = [self.change(name, start) for name in self.some(["RECURRING"]) if self.may(30)]
        lines = self.new_lines(start, 1, prefix) if self.may(30) else []
        return form | _filled(changes, lines)

    def terminate(self, on: date) -> Form:
        form: Form = {"kind": "TERMINATION", "effectiveOn": on.isoformat()}
        form["refund"] = self.chance.choice(["PRO_RATA", "NONE"])
        if self.is_shortened:  # what a plan that was cut once comes to then is not settled
            form["refund"] = "PRO_RATA"
        if self.may(30):
            fee = {"amount": self.amount(500)}
            is_plain = not any(line["kind"] in BOUGHT for line in self.signed)
            share = {"percent": self.chance.randint(0, 100)}
            form["fee"] = share if is_plain and self.may(50) else fee
        return form


def _filled(changes: list[Form], lines: list[Form]) -> Form:
    found = {"changes": changes, "lines": lines}
    return {key: value for key, value in found.items() if value}


def _written(value: Fraction) -> str:
    """As a decimal number: the denominator is a power of ten, or divides one."""
    scaled = value * 10**6
    whole, rest = divmod(int(scaled), 10**6)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")
