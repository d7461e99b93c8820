"""`usance company`: set up who sells, at which tax rates, which features, to whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, Session, session
from usance.cli.show import counted, paper
from usance.documents.company_file import Company, read_company
from usance.domain.customer import Customer
from usance.flows.define_feature import define_feature
from usance.flows.save_rate_card import save_rate_card
from usance.flows.set_up_company import save_customer, save_legal_entity, save_tax_rates

app = typer.Typer(no_args_is_help=True)

CompanyFile = Annotated[Path, typer.Argument(help="A company file: see docs/guides.")]


@app.command("load")
def load(file: CompanyFile, *, environment: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Load a company file; loading it again changes what changed and nothing else."""
    company = read_company(file)
    with session(environment) as here:
        load_company(here, company)
    parts = (
        counted(len(company.legal_entities), "legal entity", "legal entities"),
        counted(len(company.features), "feature"),
        counted(len(company.customers), "customer"),
    )
    paper.print(", ".join(parts))


def load_company(here: Session, company: Company) -> None:
    """Keep everything of a company file."""
    for entity in company.legal_entities:
        save_legal_entity(here.runtime, here.scope, entity)
    for entity_id, rates in company.tax_rates.items():
        save_tax_rates(here.runtime, here.scope, entity_id, rates)
    for feature in company.features:
        define_feature(here.runtime, here.scope, feature)
    for customer in parents_first(company.customers):
        save_customer(here.runtime, here.scope, customer)
    for card in company.rate_cards:
        save_rate_card(here.runtime, here.scope, card)


def parents_first(customers: Sequence[Customer]) -> list[Customer]:
    """The same customers, each after its parent; those in a circle last, to be refused."""
    waiting, ordered = list(customers), list[Customer]()
    while waiting:
        still = {customer.id for customer in waiting}
        ready = [each for each in waiting if each.parent_id not in still] or waiting
        ordered += ready
        waiting = [each for each in waiting if each not in ready]
    return ordered
