"""The company file: the example sets up, every particular round-trips, mistakes are named."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.documents.company_file import Company, company_from, plain_company, read_company
from usance.documents.feature_notation import feature_from, plain_feature
from usance.documents.order_form import order_from, read_form
from usance.documents.particulars import (
    customer_from,
    legal_entity_from,
    plain_customer,
    plain_legal_entity,
    plain_tax_rate,
    tax_rate_from,
)
from usance.domain.catalog import Aggregation, Condition, Feature, Filter, Meter, Operation
from usance.domain.contracts.order_problems import catalogue_problems
from usance.domain.customer import Address, Customer, TaxId
from usance.domain.errors import Invalid
from usance.domain.ids import CustomerId, OrderId
from usance.domain.legal_entity import LegalEntity
from usance.domain.metering.events import UsageEvent, read_event
from usance.domain.tax.rates import TaxCategory, TaxRate, TaxTable
from usance.domain.tax.treatment import treatment

EXAMPLES = Path(__file__).parents[2] / "examples"
MARK = (EXAMPLES / "logos" / "halden-de.svg").read_bytes()
ORDERS = sorted((EXAMPLES / "orders").iterdir())
Plain = dict[str, Any]


@cache
def company() -> Company:
    return read_company(EXAMPLES / "company.yaml")


def company_plain() -> Plain:
    return deepcopy(json.loads(json.dumps(plain_company(company()))))


def refused(change: Callable[[Plain], object]) -> list[tuple[str, str]]:
    plain = company_plain()
    change(plain)
    with pytest.raises(Invalid) as refusal:
        company_from(plain)
    return [(problem.code, problem.path) for problem in refusal.value.problems]


def test_the_example_company_is_read_and_written_back_the_same() -> None:
    assert company_from(company_plain()) == company()


def test_the_example_company_has_what_a_first_look_needs() -> None:
    us, de, jp = company().legal_entities
    assert [entity.address.country for entity in (us, de, jp)] == ["US", "DE", "JP"]
    assert all(entity.logo for entity in (us, de, jp))
    assert [entity.bank_accounts[0].currency.code for entity in (us, de, jp)] == [
        "USD",
        "EUR",
        "JPY",
    ]
    assert de.bank_accounts[0].iban is not None


@pytest.mark.parametrize(
    ("seller", "buyer", "category", "percent"),
    [
        ("halden-us", "larkspur", TaxCategory.ZERO, 0),
        ("halden-de", "nordlicht", TaxCategory.STANDARD, 19),
        ("halden-de", "waterweg", TaxCategory.REVERSE_CHARGE, 0),
        ("halden-jp", "minato", TaxCategory.STANDARD, 10),
    ],
)
def test_the_example_customers_bear_the_tax_their_place_wants(
    seller: str, buyer: str, category: TaxCategory, percent: int
) -> None:
    entity = next(one for one in company().legal_entities if one.id == seller)
    customer = next(one for one in company().customers if one.id == buyer)
    table = TaxTable(company().tax_rates[entity.id])
    borne = treatment(table, entity, customer, tax_code="standard", on=date(2025, 3, 1))
    assert (borne.category, borne.percent) == (category, Decimal(percent))


@pytest.mark.parametrize("file", ORDERS, ids=lambda file: file.name)
def test_the_example_orders_name_only_what_the_example_company_has(file: Path) -> None:
    order = order_from(read_form(file.read_text(encoding="utf-8")), order_id=OrderId("ord_1"))
    features = company().features
    known = {feature.id for feature in features}
    metered = {feature.id for feature in features if feature.meter is not None}
    assert catalogue_problems(order, known=known, metered=metered) == []
    assert order.customer_id in [customer.id for customer in company().customers]
    entity = next(one for one in company().legal_entities if one.id == order.legal_entity_id)
    assert entity.bank_account_for(order.currency) is not None


def test_the_example_usage_is_of_metered_customers_and_one_event_is_sent_twice() -> None:
    events: list[UsageEvent] = []
    for file in sorted((EXAMPLES / "usage").iterdir()):
        events += [read_event(json.loads(line)) for line in file.read_text().splitlines()]
    keys = [(event.customer_id, event.event_name, event.idempotency_key) for event in events]
    assert len(keys) - len(set(keys)) == 1
    assert {event.customer_id for event in events} == {"nordlicht", "waterweg"}
    meters = [feature.meter for feature in company().features if feature.meter is not None]
    assert {event.event_name for event in events} == {meter.event_name for meter in meters}


def put(path: str, value: object) -> Callable[[Plain], None]:
    """Write `value` at a path such as `customers[0].address.country`; `...` takes it away."""
    *steps, last = [
        int(part) if part.isdigit() else part
        for part in path.replace("[", ".").replace("]", "").split(".")
    ]

    def change(plain: Plain) -> None:
        here: Any = plain
        for step in steps:
            here = here[step]
        if value is ...:
            del here[last]
        else:
            here[last] = value

    return change


BAD = [
    ("customers[0].address.country", "USA", "UnknownCountry"),
    ("customers[0].address.country", ..., "MissingField"),
    ("customers[0].adress", {}, "UnknownField"),
    ("customers[0].email", "larkspur", "InvalidEmail"),
    ("customers[0].locale", "xx-YY", "UnknownLocale"),
    ("customers[0].name", "", "InvalidName"),
    ("customers[0].address.postalCode", 97209, "WrongType"),
    ("customers[1].customerId", "larkspur", "DuplicateId"),
    ("customers[1].taxIds[0].value", "DE284193775", "InvalidTaxId"),
    ("legalEntities[1].bankAccounts[0].iban", "DE88370400440532013000", "InvalidIban"),
    ("legalEntities[1].bankAccounts[0].bic", "COBA", "InvalidBic"),
    ("legalEntities[1].bankAccounts[0].currency", "EUX", "UnknownCurrency"),
    ("legalEntities[1].zone", "Europe/Bärlin", "UnknownTimeZone"),
    ("legalEntities[1].zone", "../../etc/passwd", "UnknownTimeZone"),
    ("legalEntities[1].series", "hde", "InvalidSeries"),
    ("legalEntities[1].series", "HUS", "DuplicateId"),
    ("legalEntities[1].accent", "green", "InvalidColour"),
    ("legalEntities[1].paper", "a5", "InvalidPaper"),
    ("legalEntities[1].paymentTerms.netDays", 400, "InvalidPaymentTerms"),
    ("legalEntities[1].logo", "not base64!", "InvalidLogo"),
    ("legalEntities[1].logo", base64.b64encode(b"GIF89a").decode(), "InvalidLogo"),
    ("legalEntities[1].logo", "<html></html>", "InvalidLogo"),
    ("legalEntities[1].taxRates[0].percent", "119", "InvalidTaxRate"),
    ("legalEntities[1].taxRates[0].percent", True, "WrongType"),
    ("legalEntities[1].taxRates[0].category", "S", "UnknownWord"),
    ("legalEntities[1].taxRates[0].validUntil", "2020-06-31", "InvalidDay"),
    ("features[3].meter.aggregation.function", "COUNTS", "UnknownWord"),
    ("features[3].meter.eventName", ..., "MissingField"),
    ("features[3].meterType", "NONE", "InvalidMeterType"),
    ("companyFile", 2, "UnknownVersion"),
]


@pytest.mark.parametrize(("path", "value", "code"), BAD)
def test_a_mistake_in_the_file_is_named_by_its_path(path: str, value: object, code: str) -> None:
    assert refused(put(path, value)) == [(code, path)]


def test_mistakes_in_several_places_are_reported_at_once() -> None:
    def change(plain: Plain) -> None:
        plain["legalEntities"][0]["zone"] = "Mars"
        plain["legalEntities"][0]["taxRates"][0]["percent"] = "x"
        plain["features"][0]["featureType"] = "?"
        plain["customers"][3]["email"] = "x"

    assert refused(change) == [
        ("InvalidNumber", "legalEntities[0].taxRates[0].percent"),
        ("UnknownTimeZone", "legalEntities[0].zone"),
        ("UnknownWord", "features[0].featureType"),
        ("InvalidEmail", "customers[3].email"),
    ]


def with_logo_file(folder: Path, named: str) -> Path:
    file = folder / "company.yaml"
    file.write_text(
        "legalEntities:\n- {legalEntityId: a, name: A, zone: UTC, series: A, "
        f"address: {{country: DE}}, logoFile: {named}}}\n"
    )
    return file


@pytest.mark.parametrize("named", ["../secret.svg", "/etc/hostname", "missing.svg", "logos"])
def test_a_logo_file_outside_the_folder_or_absent_is_refused(tmp_path: Path, named: str) -> None:
    (tmp_path / "secret.svg").write_text("<svg/>")
    (tmp_path / "house" / "logos").mkdir(parents=True)
    with pytest.raises(Invalid) as refusal:
        read_company(with_logo_file(tmp_path / "house", named))
    assert [(each.code, each.path) for each in refusal.value.problems] == [
        ("FileNotRead", "legalEntities[0].logoFile")
    ]


def test_a_logo_file_is_read_and_a_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(MARK)
    (tmp_path / "logo.txt").write_text("logo")
    assert read_company(with_logo_file(tmp_path, "logo.svg")).legal_entities[0].logo == MARK
    with pytest.raises(Invalid) as refusal:
        read_company(with_logo_file(tmp_path, "logo.txt"))
    assert refusal.value.problems[0].code == "InvalidLogo"


def test_no_file_is_read_for_a_company_that_came_over_the_wire() -> None:
    def change(plain: Plain) -> None:
        del plain["legalEntities"][0]["logo"]
        plain["legalEntities"][0]["logoFile"] = "/etc/hostname"

    assert refused(change) == [("FileNotRead", "legalEntities[0].logoFile")]


def test_an_unreadable_file_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "company.yaml"
    file.write_text("customers: []\ncustomers: []\n")
    with pytest.raises(Invalid) as refusal:
        read_company(file)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.path) == ("UnreadableCompanyFile", "line 2")


# --- whatever can be built is written and read back the same ------------------------------------

texts = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=30)
names = texts.filter(str.strip)
addresses = st.builds(
    Address,
    country=st.sampled_from(["DE", "US", "JP", "NL"]),
    lines=st.lists(texts, max_size=3).map(tuple),
    city=texts,
    region=texts,
    postal_code=texts,
)
tax_ids = st.lists(
    st.just(TaxId("eu_vat", "DE284193774")) | names.map(lambda value: TaxId("other", value)),
    max_size=2,
).map(tuple)
customers = st.builds(
    Customer,
    id=st.just(CustomerId("acme")),
    name=names,
    email=st.none() | st.just("a@b.example"),
    address=st.none() | addresses,
    tax_ids=tax_ids,
    locale=st.sampled_from(["en", "de-DE", "ja-JP"]),
    exemption=st.none() | names,
    metadata=st.dictionaries(names, texts, max_size=3),
)
values = st.lists(names, min_size=2, max_size=4).map(tuple)
conditions = st.builds(Condition, names, st.just(Operation.IN), values) | st.builds(
    Condition, names, st.just(Operation.EQUALS), names.map(lambda one: (one,))
)
filters = st.lists(st.lists(conditions, min_size=1, max_size=2).map(tuple).map(Filter), max_size=2)
percents = st.decimals("0", "100", places=2)


@given(customers)
def test_a_customer_written_and_read_again_is_the_same(customer: Customer) -> None:
    assert customer_from(json.loads(json.dumps(plain_customer(customer)))) == customer


@given(st.sampled_from(range(3)), names, addresses, texts, st.sampled_from([None, MARK]))
def test_a_legal_entity_written_and_read_again_is_the_same(
    which: int, name: str, address: Address, registration: str, image: bytes | None
) -> None:
    entity: LegalEntity = replace(
        company().legal_entities[which],
        name=name,
        address=address,
        registration=registration,
        logo=image,
    )
    assert legal_entity_from(json.loads(json.dumps(plain_legal_entity(entity)))) == entity


@given(percents, st.dates(date(1971, 1, 1), date(2100, 1, 1)))
def test_a_tax_rate_written_and_read_again_is_the_same(percent: Decimal, day: date) -> None:
    rate = TaxRate(tax_code="standard", country="DE", percent=percent, valid_from=day)
    assert tax_rate_from(json.loads(json.dumps(plain_tax_rate(rate)))) == rate


@given(st.sampled_from(company().features), filters)
def test_a_feature_written_and_read_again_is_the_same(
    feature: Feature, listed: list[Filter]
) -> None:
    if feature.meter is not None:
        meter = Meter("called", Aggregation.SUM, "amount", tuple(listed))
        feature = replace(feature, meter=meter)
    assert feature_from(json.loads(json.dumps(plain_feature(feature)))) == feature
