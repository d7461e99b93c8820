"""Payment terms in their notation, and in the reader's language.

`{netDays: 30}`, `{endOfMonthPlus: 15}`, `{netEndOfMonth: 30}`, or
`{dayOfMonth: 15, monthsAhead: 1}`: one of them, never two.
"""

from __future__ import annotations

from usance.documents.notation import Notation
from usance.documents.paper.wording import Wording
from usance.documents.plain import Fields, whole
from usance.domain.payment_terms import FIELDS, DueRule, PaymentTerms


def payment_terms_from(plain: object, path: str) -> PaymentTerms:
    """The terms in `plain`. Raises Invalid with every problem."""
    fields = Fields(plain, path)
    said = [rule for rule in DueRule if fields.has(FIELDS[rule])]
    rule = said[0] if said else DueRule.NET
    others = [FIELDS[other] for other in said[1:]]
    fields.refuse_given(others, "AmbiguousPaymentTerms", f"nothing beside {FIELDS[rule]}")
    count = fields.need(FIELDS[rule], whole)
    months_ahead = fields.take("monthsAhead", whole, 1)
    for other in DueRule:
        if other not in said:
            fields.take(FIELDS[other], whole, None)  # so that a wrong name is told all the right
    return fields.made(lambda: PaymentTerms(count, rule, months_ahead))


def plain_payment_terms(terms: PaymentTerms) -> dict[str, int]:
    """The terms in their notation."""
    plain = {FIELDS[terms.rule]: terms.count}
    if terms.rule is DueRule.DAY_OF_MONTH:
        plain["monthsAhead"] = terms.months_ahead
    return plain


def written_terms(terms: PaymentTerms, words: Wording, hand: Notation) -> str:
    """As printed on an invoice: "30 days net", "15 Tage nach Ende des Ausstellungsmonats"."""
    if terms.rule is DueRule.DAY_OF_MONTH:
        if terms.months_ahead == 1:
            return words.day_of_next_month.format(day=terms.count)
        months = hand.months(terms.months_ahead)
        return words.day_of_later_month.format(day=terms.count, months=months)
    of_none = {
        DueRule.NET: words.net_at_once,
        DueRule.END_OF_MONTH_PLUS: words.end_of_month,
        DueRule.NET_END_OF_MONTH: words.end_of_month,
    }
    of_some = {
        DueRule.NET: words.net_days,
        DueRule.END_OF_MONTH_PLUS: words.end_of_month_plus,
        DueRule.NET_END_OF_MONTH: words.net_end_of_month,
    }
    if not terms.count:
        return of_none[terms.rule]
    return of_some[terms.rule].format(days=hand.days(terms.count))
