"""Ask tax services what held drafts still wait for, and keep their answers as evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from usance.domain.ids import InvoiceId
from usance.domain.tax.quotes import TaxQuestion, TaxQuote, is_asked, question
from usance.flows.runtime import Runtime, Scope
from usance.providers.errors import ProviderError
from usance.store import parties, tax_evidence
from usance.store.database import Tx


class Asked(NamedTuple):
    """What came of it: the drafts that waited, to be refreshed, and what failed outside."""

    waiting: tuple[InvoiceId, ...]
    answered: int
    failures: tuple[ProviderError, ...]


def ask_tax_service(runtime: Runtime, scope: Scope) -> Asked:
    """Put every open question of a held draft to the service its seller names.

    Each answer is kept at once, so that nothing is asked twice after a failure. A service that is
    away is left alone until the next time; an answer that cannot be read does not stop the others.
    """
    with runtime.transaction(scope) as tx:
        waiting, asked = _open_questions(tx)
    failures: dict[str, ProviderError] = {}
    answered = 0
    for service, each in asked.values():
        if service in failures and failures[service].retryable:
            continue
        try:
            _ask(runtime, scope, service, each)
        except ProviderError as failure:
            failures[service] = failure
        else:
            answered += 1
    return Asked(tuple(waiting), answered, tuple(failures.values()))


def _ask(runtime: Runtime, scope: Scope, service: str, asked: TaxQuestion) -> None:
    said = runtime.tax_service(service).quote(asked)
    with runtime.transaction(scope) as tx:
        quote = TaxQuote(said.treatment, said.reference, runtime.now(tx))
        tax_evidence.append_quote(tx, asked, quote, answer=said.answer)


def _open_questions(tx: Tx) -> tuple[list[InvoiceId], Mapping[str, tuple[str, TaxQuestion]]]:
    """The drafts that wait, and what to ask whom, by the question's key."""
    lines = tax_evidence.unquoted(tx)
    sellers = parties.entities(tx, {line.legal_entity_id for line in lines})
    buyers = parties.customers(tx, {line.customer_id for line in lines})
    asked: dict[str, tuple[str, TaxQuestion]] = {}
    for line in lines:
        seller, buyer = sellers[line.legal_entity_id], buyers[line.customer_id]
        if seller.tax_service is not None and is_asked(seller, buyer):
            one = question(seller, buyer, tax_code=line.tax_code, on=line.tax_point)
            asked[one.key] = (seller.tax_service, one)
    known = tax_evidence.quotes(tx, list(asked))
    still_open = {key: each for key, each in asked.items() if key not in known}
    return list(dict.fromkeys(line.invoice_id for line in lines)), still_open
