"""The company file: one YAML document that sets up an environment.

Legal entities with their tax rates, features with their meters, customers, rate cards. The notation
of each is in `particulars`, `feature_notation` and `rate_card_notation`; the file adds `logoFile`,
a path beside itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from usance.documents.feature_notation import feature_from, plain_feature
from usance.documents.paper.logo import LARGEST
from usance.documents.particulars import (
    checked_logo,
    customer_from,
    legal_entity_from,
    plain_customer,
    plain_legal_entity,
    plain_tax_rate,
    tax_rate_from,
)
from usance.documents.plain import Fields, each, given, raise_all, refusal, text
from usance.documents.rate_card_notation import plain_rate_card, rate_card_from
from usance.documents.yaml_text import read_plain
from usance.domain.catalog import Feature
from usance.domain.customer import Customer
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import LegalEntityId
from usance.domain.legal_entity import LegalEntity
from usance.domain.rate_card import RateCard
from usance.domain.tax.rates import TaxRate

__all__ = [
    "Company",
    "company_from",
    "customer_from",
    "feature_from",
    "legal_entity_from",
    "plain_company",
    "plain_customer",
    "plain_feature",
    "plain_legal_entity",
    "plain_tax_rate",
    "read_company",
    "tax_rate_from",
]

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What an environment starts with."""

    legal_entities: tuple[LegalEntity, ...]
    tax_rates: Mapping[LegalEntityId, tuple[TaxRate, ...]]
    features: tuple[Feature, ...]
    customers: tuple[Customer, ...]
    rate_cards: tuple[RateCard, ...] = ()


def read_company(file: Path) -> Company:
    """The company in that YAML file. Raises Invalid with every problem."""
    plain = read_plain(file.read_text(encoding="utf-8"), code="UnreadableCompanyFile")
    return company_from(plain, logo=partial(_file_in, file.resolve().parent))


def company_from(
    plain: Mapping[str, object], *, logo: Callable[[str], bytes] | None = None
) -> Company:
    """The company in plain values; `logo` reads the file an entity's `logoFile` names.

    Raises Invalid with every problem, ids given twice among them.
    """
    fields = Fields(plain)
    fields.take("companyFile", _version, VERSION)
    issuers = fields.take("legalEntities", each(partial(_issuer, logo=logo), most=100), ())
    features = fields.take("features", each(feature_from, most=1000), ())
    customers = fields.take("customers", each(customer_from, most=10_000), ())
    cards = fields.take("rateCards", each(rate_card_from, most=200), ())
    fields.problems += _doubles("rateCards", "rateCardId", [one.id for one in cards])
    fields.problems += _doubles("legalEntities", "legalEntityId", [one.id for one, _ in issuers])
    fields.problems += _doubles("legalEntities", "series", [one.series for one, _ in issuers])
    fields.problems += _doubles("features", "featureId", [one.id for one in features])
    fields.problems += _doubles("customers", "customerId", [one.id for one in customers])
    return fields.made(
        lambda: Company(
            legal_entities=tuple(entity for entity, _ in issuers),
            tax_rates={entity.id: rates for entity, rates in issuers},
            features=features,
            customers=customers,
            rate_cards=cards,
        )
    )


def plain_company(company: Company) -> dict[str, object]:
    """The company in the file's notation, logos written out."""
    entities = []
    for entity in company.legal_entities:
        rates = [plain_tax_rate(rate) for rate in company.tax_rates.get(entity.id, ())]
        entities.append({**plain_legal_entity(entity), "taxRates": rates})
    return {
        "companyFile": VERSION,
        "legalEntities": entities,
        "features": [plain_feature(feature) for feature in company.features],
        "customers": [plain_customer(customer) for customer in company.customers],
        **given(rateCards=[plain_rate_card(card) for card in company.rate_cards]),
    }


def _version(value: object, path: str) -> int:
    if value != VERSION or isinstance(value, bool):
        raise refusal("UnknownVersion", path, value, f"{VERSION}, the version of this notation")
    return VERSION


def _issuer(
    plain: object, path: str, *, logo: Callable[[str], bytes] | None
) -> tuple[LegalEntity, tuple[TaxRate, ...]]:
    """A legal entity and its tax rates, which stand together in the file."""
    fields = Fields(plain, path)
    assert isinstance(plain, Mapping), "Fields takes nothing else"
    rates = fields.take("taxRates", each(tax_rate_from, most=1000), ())
    image = fields.take("logoFile", partial(_logo_file, read=logo), None)
    if fields.has("logoFile") and fields.has("logo"):
        fields.refuse("AmbiguousLogo", "logoFile", plain["logoFile"], "a logo or a logoFile")
    rest = {key: value for key, value in plain.items() if key not in ("taxRates", "logoFile")}
    try:
        entity = legal_entity_from(rest, path)
    except Invalid as refused:
        raise Invalid(*fields.problems, *refused.problems) from None
    raise_all(fields.problems)
    return entity if image is None else replace(entity, logo=image), rates


def _logo_file(value: object, path: str, *, read: Callable[[str], bytes] | None) -> bytes:
    if read is None:
        raise refusal("FileNotRead", path, value, "logo, the image itself as base64 text")
    try:
        content = read(text(value, path))
    except OSError:
        raise refusal("FileNotRead", path, value, "an image file beside this document") from None
    return checked_logo(content, path)


def _file_in(folder: Path, named: str) -> bytes:
    """The file of that name in `folder` or below it, no more of it than a logo may have."""
    file = (folder / named).resolve()
    if not file.is_relative_to(folder):
        raise FileNotFoundError(named)
    with file.open("rb") as opened:
        return opened.read(LARGEST + 1)


def _doubles(path: str, key: str, values: Iterable[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            expected = "a value that no other has"
            yield Problem("DuplicateId", f"{path}[{index}].{key}", value, expected)
        seen.add(value)
