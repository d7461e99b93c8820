"""A stored line recomputed by hand: from the figures of its working, as an auditor would do it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from usance.domain.invoicing.invoice import InvoiceLine
from usance.domain.money import Money
from usance.domain.rating.working import Working


def recomputed(line: InvoiceLine) -> Money:
    """The net of a line: what was charged, at its price, for its share, rounded once."""
    if (by_hand := _by_hand(line)) is not None:
        return by_hand
    (priced,) = line.working.every("line")
    amount = Decimal(0)
    for step in priced.parts:
        amount = _after(step, amount, Decimal(str(priced.facts["quantity"])))
    proration = priced.find("proration")
    share = Fraction(1) if proration is None else Fraction(str(proration.facts["share"]))
    digits = line.net.currency.digits
    whole = Fraction(amount) * share * 10**digits
    exact = Decimal(whole.numerator) / Decimal(whole.denominator)
    return Money(int(exact.to_integral_value(ROUND_HALF_UP)), line.net.currency)


def _by_hand(line: InvoiceLine) -> Money | None:
    """The net of a line that prices nothing: what is given back, or what paying late cost."""
    facts = {
        key: Decimal(str(value)) for key, value in line.working.facts.items() if _is_number(value)
    }
    match line.working.rule:
        case "clause":
            return _beside_its_price(line)
        case "credit":
            amount = facts["net"]
            assert abs(amount) <= abs(facts["billed"])
        case "late_fee":
            amount = facts["fixed"] + facts.get("recovery", Decimal(0))
        case "monthly_percent":
            amount = facts["open"] * facts["percent"] / 100
        case "late_interest":
            parts = [each.facts for each in line.working.parts]
            products = (
                Decimal(str(each["principal"])) * Decimal(str(each["percent"])) * int(each["days"])
                for each in parts
            )
            amount = sum(products, Decimal(0)) / 36500
        case _:
            return None
    whole = amount.scaleb(line.net.currency.digits).to_integral_value(ROUND_HALF_UP)
    return Money(int(whole), line.net.currency)


def _beside_its_price(line: InvoiceLine) -> Money | None:
    """The net of a line of a contract that is not, or not only, its price; None: it is."""
    step = next(part for part in line.working.parts if part.rule not in ("usage", "tax", "uplift"))
    facts = {key: Decimal(str(value)) for key, value in step.facts.items() if _is_number(value)}
    match step.rule:
        case "given_back":
            (billed,) = step.every("billed")
            amount = facts["net"]
            assert abs(amount) <= abs(Decimal(str(billed.facts["billed"])))
        case "agreed_amount":
            amount = facts["net"]
        case "replaced":
            gone = sum(Decimal(str(each.facts["billed"])) for each in step.every("billed"))
            assert gone == facts["billed"]
            amount = facts["now"] - gone
        case "true_up":
            reached = sum(Decimal(str(each.facts["net"])) for each in step.every("covered"))
            assert reached == facts["reached"]
            agreed = [Decimal(str(each.facts["commitment"])) for each in step.every("earlier_step")]
            before = sum(agreed, Decimal(0))
            assert before == facts.get("earlier", 0)
            amount = max(before + facts["commitment"] - reached, Decimal(0))
            amount -= max(before - reached, Decimal(0))
        case "prepaid":
            amount = facts["usage"] - facts["drawn"]
        case _:
            return None
    whole = amount.scaleb(line.net.currency.digits)
    return Money(int(whole), line.net.currency)


def _after(step: Working, amount: Decimal, quantity: Decimal) -> Decimal:
    facts = {key: Decimal(str(value)) for key, value in step.facts.items() if _is_number(value)}
    match step.rule:
        case "included":
            assert facts["quantity"] == quantity
            assert facts["charged"] == max(quantity - facts["included"], Decimal(0))
            return amount
        case "flat":
            return facts["amount"]
        case "per_unit":
            return facts["quantity"] * facts["unitAmount"]
        case "graduated":
            tiers = [
                {
                    key: Decimal(str(tier.facts[key]))
                    for key in ("quantity", "unitAmount", "flatAmount")
                }
                for tier in step.parts
            ]
            assert sum(tier["quantity"] for tier in tiers) == facts["quantity"]
            used = (tier["quantity"] * tier["unitAmount"] + tier["flatAmount"] for tier in tiers)
            return sum(used, Decimal(0))
        case "matrix":
            return sum((_of_cell(cell) for cell in step.parts), Decimal(0))
        case "percentage":
            return sum(
                (_of_events(events, facts["ratePercent"]) for events in step.parts), Decimal(0)
            )
        case "discount":
            assert facts["amount"] == amount
            off = facts.get("off", amount * facts.get("percent", Decimal(0)) / 100)
            return max(amount - off, Decimal(0))
        case "minimum" | "maximum":
            return facts[step.rule]
        case "proration" | "rounding":
            return amount
        case _:
            raise AssertionError(f"nobody explained {step.rule!r} to the auditor")


def _of_cell(cell: Working) -> Decimal:
    """The units of one combination of values at its price; nothing where there is none."""
    charged = Decimal(str(cell.facts.get("charged", cell.facts["quantity"])))
    return charged * Decimal(str(cell.facts.get("unitAmount", 0)))


def _of_events(events: Working, percent: Decimal) -> Decimal:
    """Some events at the percentage, with what each costs besides; bounds show in their amount."""
    facts = {key: Decimal(str(value)) for key, value in events.facts.items()}
    assert facts["percentagePart"] == (facts["base"] - facts["freeAmount"]) * percent / 100
    exact = facts["percentagePart"] + facts["fixedPart"]
    return exact if facts["amount"] == exact else facts["amount"]


def _is_number(value: object) -> bool:
    try:
        Decimal(str(value))
    except ArithmeticError:
        return False
    return True
