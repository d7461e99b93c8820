"""Legal entities: bank accounts and particulars that can be printed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.deals import EUR, USD, seller
from usance.domain.errors import Invalid
from usance.domain.legal_entity import BankAccount
from usance.domain.money import Currency, currency

JPY = currency("JPY")
IBANS = ["DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606"]
NUMBERS = st.none() | st.sampled_from(["", "  ", "12345678"])


def account(of: Currency = EUR, **more: object) -> BankAccount:
    """An account in euros with an IBAN, changed by `more`."""
    made = BankAccount(currency=of, holder="Alter GmbH", bank="Sparkasse", iban=IBANS[0])
    return replace(made, **more)  # type: ignore[arg-type]


def check_digits(country: str, rest: str) -> str:
    """The IBAN of that account, its check digits by ISO 7064 MOD 97-10, worked by hand."""
    digits = "".join(str(int(char, 36)) for char in f"{rest}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{rest}"


@given(
    st.lists(st.sampled_from([EUR, USD, JPY]), max_size=4),
    st.integers(0, 10**18 - 1),
    NUMBERS,
    st.booleans(),
)
def test_the_bank_account_for_a_currency_receives_that_currency_and_names_where_to_transfer_to(
    currencies: list[Currency], number: int, account_number: str | None, has_iban: bool
) -> None:
    iban = check_digits("DE", f"{number:018d}") if has_iban else None
    if iban is None and not (account_number or "").strip():
        with pytest.raises(Invalid) as refused:
            account(iban=iban, account_number=account_number)
        assert refused.value.problems[0].code == "BankAccountIncomplete"
        return
    listed = tuple(account(of, iban=iban, account_number=account_number) for of in currencies)
    entity = replace(seller(), bank_accounts=listed)
    for of in (EUR, USD, JPY):
        found = entity.bank_account_for(of)
        assert (found is None) == (of not in currencies)
        if found is not None:
            assert found.currency == of
            assert found.iban or (found.account_number or "").strip()


@given(st.sampled_from(IBANS), st.integers(4, 21), st.integers(1, 9))
def test_one_wrong_digit_of_an_iban_is_noticed(iban: str, place: int, off: int) -> None:
    if not iban[place].isdigit():
        return
    wrong = iban[:place] + str((int(iban[place]) + off) % 10) + iban[place + 1 :]
    with pytest.raises(Invalid) as refused:
        account(iban=wrong)
    assert refused.value.problems[0].code == "InvalidIban"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"bic": "NOBIC"}, "InvalidBic"),
        ({"holder": " "}, "InvalidName"),
        ({"bank": ""}, "InvalidName"),
        ({"iban": ""}, "InvalidIban"),
    ],
)
def test_a_bank_account_that_cannot_be_paid_to_is_refused(more: dict[str, str], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        account(EUR, **more)
    assert refused.value.problems[0].code == code


def test_an_account_with_a_bic_or_a_number_instead_of_an_iban_is_fine() -> None:
    assert account(bic="DEUTDEFF").bic == "DEUTDEFF"
    assert account(USD, iban=None, account_number="12345678").iban is None


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("series", "acme", "InvalidSeries"),
        ("series", "", "InvalidSeries"),
        ("accent", "blue", "InvalidColour"),
        ("paper", "a5", "InvalidPaper"),
        ("name", "", "InvalidName"),
        ("locale", "xx-YY", "UnknownLocale"),
    ],
)
def test_particulars_that_cannot_be_printed_are_refused(field: str, value: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        replace(seller(), **{field: value})  # type: ignore[arg-type]
    assert [(problem.code, problem.path) for problem in refused.value.problems] == [(code, field)]
