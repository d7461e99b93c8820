"""The words printed beside the values, one catalogue a language in `catalogues/`.

A catalogue has every word or it does not load, so no label can be missing on paper.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import yaml

CATALOGUES = Path(__file__).parent / "catalogues"
FALLBACK = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Every label and sentence, in one language. Sentences hold {names} filled by `printed`."""

    invoice: str
    credit_note: str
    draft: str
    void: str
    draft_note: str
    void_note: str

    number: str
    issued_on: str
    due_on: str
    preceding_invoice: str
    service_period: str
    purchase_order: str
    buyer_reference: str
    contract: str
    payment_terms: str
    billed_by: str
    billed_to: str
    attention: str  # {name}
    bought_for: str  # {name}

    description: str
    quantity: str
    unit_price: str
    tax: str
    amount: str

    net: str
    tax_row: str  # {tax} {percent} {amount}
    tax_row_of_category: str  # {tax} {category} {amount}
    zero: str
    exempt: str
    reverse_charge: str
    intra_community: str
    export: str
    outside_scope: str
    tax_shown: str  # {tax} {currency} {amount} {base} {rate} {source} {day}
    gross: str
    paid: str
    credited: str
    credit_total: str  # {currency}
    due: str  # {currency}

    due_by: str  # {day}
    nothing_due: str
    net_at_once: str
    net_days: str  # {days}
    end_of_month: str
    end_of_month_plus: str  # {days}
    net_end_of_month: str  # {days}
    day_of_next_month: str  # {day}
    day_of_later_month: str  # {day} {months}

    payment: str
    please_transfer: str  # {amount} {day}
    account_holder: str
    bank: str
    account_number: str
    reference: str
    scan: str
    online: str

    terms: str
    notes: str
    page: str  # {page} {pages}

    state_open: str
    state_partially_paid: str
    state_paid: str
    state_overdue: str
    state_credited: str
    download: str
    not_found_title: str
    not_found: str


LABELS = {field.name for field in fields(Wording)}


@cache
def languages() -> frozenset[str]:
    """The languages there are catalogues for."""
    return frozenset(path.stem for path in CATALOGUES.glob("*.yaml"))


@cache
def wording(language: str) -> Wording:
    """The words of a language, English when there is no catalogue of it."""
    chosen = language if language in languages() else FALLBACK
    words = yaml.safe_load((CATALOGUES / f"{chosen}.yaml").read_text("utf-8"))
    assert words.keys() == LABELS, f"{chosen}.yaml differs in {words.keys() ^ LABELS}"
    return Wording(**words)
