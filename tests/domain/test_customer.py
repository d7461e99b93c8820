"""Customers: places, tax ids, names; what is refused and why."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.domain.deals import buyer
from usance.domain.customer import (
    EU,
    Address,
    Customer,
    Integration,
    IntegrationLinked,
    TaxId,
    Vendor,
    check_country,
    check_name,
    country_named,
)
from usance.domain.errors import Invalid
from usance.domain.ids import CustomerId, IntegrationId

# All codes of ISO 3166-1 alpha-2, as the standard lists them; read here, not from the code.
ISO_3166 = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH
ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS
LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI
NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG
UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES = {*ISO_3166.split(), "XK"}
TWO_LETTERS = st.text(string.ascii_uppercase, min_size=2, max_size=2)


def is_accepted(code: str) -> bool:
    """Whether an address may name it."""
    try:
        Address(country=code)
    except Invalid as refused:
        return [problem.code for problem in refused.problems] != ["UnknownCountry"]
    return True


@given(TWO_LETTERS | st.text(max_size=4))
def test_a_country_is_an_iso_3166_alpha_2_code_or_xk_which_everybody_writes_for_kosovo(
    code: str,
) -> None:
    assert is_accepted(code) == (code in COUNTRIES)


def test_every_country_is_known_and_no_other_two_letters_are() -> None:
    pairs = [one + two for one in string.ascii_uppercase for two in string.ascii_uppercase]
    assert {code for code in pairs if is_accepted(code)} == COUNTRIES


def german_vat_id(eight_digits: int) -> str:
    """A German VAT id: eight digits and the check digit of ISO 7064 MOD 11,10, worked by hand."""
    product = 10
    for digit in f"{eight_digits:08d}":
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return f"DE{eight_digits:08d}{(11 - product) % 10}"


@given(st.integers(10_000_000, 99_999_999), st.integers(1, 9))
def test_a_tax_id_of_a_known_kind_has_that_kinds_format_and_check_digits(
    number: int, off: int
) -> None:
    right = german_vat_id(number)
    assert TaxId("eu_vat", right).country == "DE"
    wrong = right[:-1] + str((int(right[-1]) + off) % 10)
    for kind, value in (("eu_vat", wrong), ("eu_vat", right[:-1]), ("gb_vat", right)):
        with pytest.raises(Invalid) as refused:
            TaxId(kind, value)
        assert refused.value.problems[0].code == "InvalidTaxId"


@pytest.mark.parametrize(
    ("kind", "value", "country"),
    [
        ("eu_vat", "DE136695976", "DE"),
        ("eu_vat", " de 136 695 976", "DE"),
        ("eu_vat", "EL094259216", "GR"),
        ("eu_vat", "XI980780684", None),
        ("eu_vat", "EU372000041", None),
        ("gb_vat", "GB980780684", None),
        ("us_ein", "12-3456789", None),
    ],
)
def test_an_eu_vat_id_tells_its_state(kind: str, value: str, country: str | None) -> None:
    assert TaxId(kind, value).country == country


@pytest.mark.parametrize(("kind", "value"), [("", "1"), ("us_ein", ""), ("us_ein", "9" * 65)])
def test_a_tax_id_has_a_kind_and_a_number(kind: str, value: str) -> None:
    with pytest.raises(Invalid):
        TaxId(kind, value)


def test_only_ids_that_states_of_the_union_gave_are_its_vat_ids() -> None:
    made = buyer("FR", vat_ids=["XI980780684", "FR40303265045"])
    assert [each.country for each in made.eu_vat_ids()] == ["FR"]
    assert len(EU) == 27


@given(st.text(max_size=300))
def test_a_name_is_visible_text_of_at_most_255_characters(name: str) -> None:
    is_visible = bool(name.strip()) and not any(
        ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) <= 0xDFFF for char in name
    )
    try:
        check_name(name, "name")
        is_name = True
    except Invalid:
        is_name = False
    assert is_name == (is_visible and len(name) <= 255)


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "a\nb", "\ud800", "a" * 256])
def test_a_name_that_cannot_be_printed_or_kept_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        Customer(id=CustomerId("cus"), name=name)
    problem = refused.value.problems[0]
    assert (problem.code, problem.path) == ("InvalidName", "name")
    problem.value.encode()


MAILS = ["ada@example.com", "a.b+c@mail.example.org", "ü@exämple.de"]
NO_MAILS = ["ada", "@example.com", "ada@", "ada@localhost", "a da@example.com", "a@" + "b." * 130]


@pytest.mark.parametrize("mail", MAILS)
def test_a_mail_address_is_kept_as_written(mail: str) -> None:
    assert Customer(id=CustomerId("cus"), name="Acme", email=mail).email == mail


@pytest.mark.parametrize("mail", NO_MAILS)
def test_what_is_no_mail_address_is_refused(mail: str) -> None:
    with pytest.raises(Invalid) as refused:
        Customer(id=CustomerId("cus"), name="Acme", email=mail)
    assert refused.value.problems[0].code == "InvalidEmail"


@pytest.mark.parametrize("locale", ["en", "de-DE", "de_DE", "ja-JP"])
def test_a_locale_is_one_that_babel_knows(locale: str) -> None:
    assert Customer(id=CustomerId("cus"), name="Acme", locale=locale).locale == locale


@pytest.mark.parametrize("locale", ["", "xx-YY", "deutsch", "../de"])
def test_an_unknown_locale_is_refused(locale: str) -> None:
    with pytest.raises(Invalid) as refused:
        Customer(id=CustomerId("cus"), name="Acme", locale=locale)
    assert refused.value.problems[0].code == "UnknownLocale"


@pytest.mark.parametrize("reason", ["", "   "])
def test_an_exemption_gives_its_reason(reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        buyer(exemption=reason)
    assert refused.value.problems[0].code == "InvalidExemption"


@given(st.text(max_size=3))
def test_a_refused_country_names_its_field(code: str) -> None:
    assume(code not in COUNTRIES)
    with pytest.raises(Invalid) as refused:
        check_country(code, "address.country")
    assert refused.value.problems[0].path == "address.country"


@pytest.mark.parametrize(
    ("text", "code"),
    [("DE", "DE"), ("de", "DE"), ("germany", "DE"), ("Kosovo", "XK"), ("Narnia", "Narnia")],
)
def test_a_country_is_told_by_its_code_or_its_english_name(text: str, code: str) -> None:
    assert country_named(text) == code


def test_a_record_elsewhere_has_a_name_or_is_not_known_yet() -> None:
    link = Integration(id=IntegrationId("crm"), vendor=Vendor.HUBSPOT)
    assert link.synced_entity_id is None
    with pytest.raises(Invalid) as refused:
        replace(link, synced_entity_id=" ")
    assert [problem.path for problem in refused.value.problems] == ["syncedEntityId"]


def test_a_connected_customer_says_why_another_record_is_refused() -> None:
    held = Integration(id=IntegrationId("crm"), vendor=Vendor.HUBSPOT, synced_entity_id="42")
    assert "'42' of HUBSPOT" in str(IntegrationLinked(CustomerId("acme"), held))


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"billing_id": ""}, "billingId"),
        ({"billing_currency": "eur"}, "billingCurrency"),
        ({"billing_currency": "XYZ"}, "billingCurrency"),
        ({"timezone": "Mars"}, "timezone"),
    ],
)
def test_what_another_system_bills_it_by_is_checked(said: dict[str, str], path: str) -> None:
    good = {"billing_id": "cus_1", "billing_currency": "EUR", "timezone": "Europe/Berlin"}
    with pytest.raises(Invalid) as refused:
        replace(buyer(), **{**good, **said})  # type: ignore[arg-type]
    assert [problem.path for problem in refused.value.problems] == [path]
    assert replace(buyer(), timezone="Europe/Berlin").timezone == "Europe/Berlin"
