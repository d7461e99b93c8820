"""Particulars: legal entities, customers, tax rates and features in their notation, and back.

For each of them `x_from(plain_x(x), "") == x`. The notation is the company file's and the API's.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from usance.documents.approval_notation import approval_rules_from, plain_approval_rules
from usance.documents.paper.logo import LARGEST, read_logo
from usance.documents.plain import (
    Fields,
    choice,
    currency,
    day,
    each,
    given,
    name,
    number,
    ref,
    refusal,
    shown,
    text,
    truth,
)
from usance.documents.receivables_notation import plain_receivables, receivables_from
from usance.documents.tax_notation import plain_tax_rounding, tax_rounding_from
from usance.documents.terms_notation import (
    payment_terms_from,
    plain_payment_terms,
)
from usance.domain.approval_rules import NO_RULES
from usance.domain.calendar import FIRST_DAY, LAST_DAY, zone
from usance.domain.customer import Address, BillTo, Customer, TaxId
from usance.domain.errors import Invalid
from usance.domain.fx import ECB
from usance.domain.ids import CouponId, CustomerId, LegalEntityId
from usance.domain.legal_entity import BankAccount, LegalEntity
from usance.domain.payment_terms import NET_30
from usance.domain.receivables_policy import BY_DEFAULT, CreditApplication
from usance.domain.tax.rates import TaxCategory, TaxRate

CATEGORIES = {
    "STANDARD": TaxCategory.STANDARD,
    "ZERO": TaxCategory.ZERO,
    "EXEMPT": TaxCategory.EXEMPT,
}
CATEGORY_WORDS = {category: word for word, category in CATEGORIES.items()}


def customer_from(plain: object, path: str = "") -> Customer:
    """The customer in `plain`. Raises Invalid with every problem."""
    fields = Fields(plain, path)
    customer_id = fields.need("customerId", ref)
    called = fields.need("name", name)
    email = fields.take("email", name, None)
    address = fields.take("address", address_from, None)
    tax_ids = fields.take("taxIds", each(tax_id_from, most=20), ())
    locale = fields.take("locale", text, "en")
    exemption = fields.take("exemption", name, None)
    application = fields.take("creditApplication", choice(CreditApplication), None)
    metadata = fields.take("metadata", metadata_from, {})
    parent_id = fields.take("parentId", ref, None)
    bill_to = fields.take("billTo", choice(BillTo), BillTo.SELF)
    billing_id = fields.take("billingId", name, None)
    billing_currency = fields.take("billingCurrency", text, None)
    timezone = fields.take("timezone", text, None)
    coupon_id = fields.take("couponId", ref, None)
    return fields.made(
        lambda: Customer(
            id=CustomerId(customer_id),
            name=called,
            email=email,
            address=address,
            tax_ids=tax_ids,
            locale=locale,
            exemption=exemption,
            credit_application=application,
            metadata=metadata,
            parent_id=None if parent_id is None else CustomerId(parent_id),
            bill_to=bill_to,
            billing_id=billing_id,
            billing_currency=billing_currency,
            timezone=timezone,
            coupon_id=None if coupon_id is None else CouponId(coupon_id),
        )
    )


def plain_customer(customer: Customer) -> dict[str, object]:
    """The customer in its notation; what is empty is left out."""
    address = None if customer.address is None else plain_address(customer.address)
    return given(
        customerId=customer.id,
        name=customer.name,
        email=customer.email,
        address=address,
        taxIds=[plain_tax_id(tax_id) for tax_id in customer.tax_ids],
        locale=customer.locale,
        exemption=customer.exemption,
        creditApplication=_word(customer.credit_application),
        metadata=dict(customer.metadata),
        parentId=customer.parent_id,
        billTo=None if customer.bill_to is BillTo.SELF else customer.bill_to.value,
        billingId=customer.billing_id,
        billingCurrency=customer.billing_currency,
        timezone=customer.timezone,
        couponId=customer.coupon_id,
    )


def _word(chosen: CreditApplication | None) -> str | None:
    return None if chosen is None else chosen.value


def legal_entity_from(plain: object, path: str = "") -> LegalEntity:
    """The legal entity in `plain`, its logo as base64 text. Raises Invalid with every problem."""
    fields = Fields(plain, path)
    entity_id = fields.need("legalEntityId", ref)
    called = fields.need("name", name)
    address = fields.need("address", address_from)
    where = fields.need("zone", _zone)
    series = fields.need("series", text)
    locale = fields.take("locale", text, "en")
    tax_ids = fields.take("taxIds", each(tax_id_from, most=20), ())
    registration = fields.take("registration", text, "")
    email = fields.take("email", name, None)
    accounts = fields.take("bankAccounts", each(bank_account_from, most=50), ())
    terms = fields.take("paymentTerms", payment_terms_from, NET_30)
    logo = fields.take("logo", _logo, None)
    accent = fields.take("accent", text, "#1f4b99")
    paper = fields.take("paper", text, "a4")
    review = fields.take("review", approval_rules_from, NO_RULES)
    receivables = fields.take("receivables", receivables_from, BY_DEFAULT)
    tax_rounding = fields.take("taxRounding", tax_rounding_from, None)
    tax_currency = fields.take("taxCurrency", currency, None)
    fx_source = fields.take("fxSource", ref, ECB)
    tax_service = fields.take("taxService", text, None)
    return fields.made(
        lambda: LegalEntity(
            id=LegalEntityId(entity_id),
            name=called,
            address=address,
            zone=where,
            series=series,
            locale=locale,
            tax_ids=tax_ids,
            registration=registration,
            email=email,
            bank_accounts=accounts,
            payment_terms=terms,
            logo=logo,
            accent=accent,
            paper=paper,
            review=review,
            receivables=receivables,
            tax_rounding=tax_rounding,
            tax_currency=tax_currency,
            fx_source=fx_source,
            tax_service=tax_service,
        )
    )


def plain_legal_entity(entity: LegalEntity) -> dict[str, object]:
    """The legal entity in its notation; what is empty is left out."""
    return given(
        legalEntityId=entity.id,
        name=entity.name,
        address=plain_address(entity.address),
        zone=entity.zone.key,
        series=entity.series,
        locale=entity.locale,
        taxIds=[plain_tax_id(tax_id) for tax_id in entity.tax_ids],
        registration=entity.registration,
        email=entity.email,
        bankAccounts=[plain_bank_account(account) for account in entity.bank_accounts],
        paymentTerms=plain_payment_terms(entity.payment_terms),
        logo=None if entity.logo is None else base64.b64encode(entity.logo).decode(),
        accent=entity.accent,
        paper=entity.paper,
        review=plain_approval_rules(entity.review),
        receivables=plain_receivables(entity.receivables),
        taxRounding=plain_tax_rounding(entity.tax_rounding),
        taxCurrency=None if entity.tax_currency is None else entity.tax_currency.code,
        fxSource=None if entity.fx_source == ECB else entity.fx_source,
        taxService=entity.tax_service,
    )


def tax_rate_from(plain: object, path: str = "") -> TaxRate:
    """One row of a tax table. `validUntil` is the first day it holds no more."""
    fields = Fields(plain, path)
    tax_code = fields.take("taxCode", ref, "standard")
    country = fields.need("country", text)
    region = fields.take("region", text, "")
    postal_prefix = fields.take("postalPrefix", text, "")
    jurisdiction = fields.take("jurisdiction", text, "")
    is_compound = fields.take("isCompound", truth, default=False)
    percent = fields.need("percent", number)
    category = fields.take("category", _category, TaxCategory.STANDARD)
    valid_from = fields.take("validFrom", day, FIRST_DAY)
    valid_until = fields.take("validUntil", day, LAST_DAY)
    return fields.made(
        lambda: TaxRate(
            tax_code=tax_code,
            country=country,
            region=region,
            postal_prefix=postal_prefix,
            jurisdiction=jurisdiction,
            is_compound=is_compound,
            percent=percent,
            category=category,
            valid_from=valid_from,
            valid_until=valid_until,
        )
    )


def plain_tax_rate(rate: TaxRate) -> dict[str, object]:
    """The row in its notation; a day at the calendar's limit is left out."""
    return given(
        taxCode=rate.tax_code,
        country=rate.country,
        region=rate.region,
        postalPrefix=rate.postal_prefix,
        jurisdiction=rate.jurisdiction,
        isCompound=rate.is_compound or None,
        percent=f"{rate.percent:f}",
        category=CATEGORY_WORDS[rate.category],
        validFrom=None if rate.valid_from == FIRST_DAY else rate.valid_from.isoformat(),
        validUntil=None if rate.valid_until == LAST_DAY else rate.valid_until.isoformat(),
    )


def address_from(plain: object, path: str) -> Address:
    """`{lines, city, region, postalCode, country}`; only the country must be given."""
    fields = Fields(plain, path)
    country = fields.need("country", text)
    lines = fields.take("lines", each(text, most=10), ())
    city = fields.take("city", text, "")
    region = fields.take("region", text, "")
    postal_code = fields.take("postalCode", text, "")
    return fields.made(
        lambda: Address(
            country=country, lines=lines, city=city, region=region, postal_code=postal_code
        )
    )


def plain_address(address: Address) -> dict[str, object]:
    """The address in its notation."""
    return given(
        lines=list(address.lines),
        city=address.city,
        region=address.region,
        postalCode=address.postal_code,
        country=address.country,
    )


def tax_id_from(plain: object, path: str) -> TaxId:
    """`{kind, value}`, as `{kind: eu_vat, value: DE136695976}`."""
    fields = Fields(plain, path)
    kind, value = fields.need("kind", text), fields.need("value", text)
    return fields.made(lambda: TaxId(kind, value))


def plain_tax_id(tax_id: TaxId) -> dict[str, object]:
    """The tax id in its notation."""
    return {"kind": tax_id.kind, "value": tax_id.value}


def bank_account_from(plain: object, path: str) -> BankAccount:
    """`{currency, holder, bank, iban, accountNumber, routingNumber, bic}`."""
    fields = Fields(plain, path)
    receives = fields.need("currency", currency)
    holder, bank = fields.need("holder", name), fields.need("bank", name)
    iban, account = fields.take("iban", text, None), fields.take("accountNumber", name, None)
    routing, bic = fields.take("routingNumber", name, None), fields.take("bic", text, None)
    return fields.made(
        lambda: BankAccount(
            currency=receives,
            holder=holder,
            bank=bank,
            iban=iban,
            account_number=account,
            routing_number=routing,
            bic=bic,
        )
    )


def plain_bank_account(account: BankAccount) -> dict[str, object]:
    """The bank account in its notation."""
    return given(
        currency=account.currency.code,
        holder=account.holder,
        bank=account.bank,
        iban=account.iban,
        accountNumber=account.account_number,
        routingNumber=account.routing_number,
        bic=account.bic,
    )


def metadata_from(plain: object, path: str) -> dict[str, str]:
    """At most 50 texts by names of the user's own."""
    if not isinstance(plain, Mapping):
        raise refusal("WrongType", path, plain, "a mapping of names to texts")
    if len(plain) > 50:
        raise refusal("TooMany", path, f"{len(plain)} of them", "at most 50")
    return {
        name(key, f"{path}.{shown(key)}"): text(value, f"{path}.{shown(key)}")
        for key, value in plain.items()
    }


def _zone(value: object, path: str) -> ZoneInfo:
    try:
        return zone(text(value, path))
    except Invalid as refused:
        raise Invalid(*(replace(problem, path=path) for problem in refused.problems)) from None


def _category(value: object, path: str) -> TaxCategory:
    found = CATEGORIES.get(value) if isinstance(value, str) else None
    if found is None:
        raise refusal("UnknownWord", path, value, " or ".join(CATEGORIES))
    return found


def _logo(value: object, path: str) -> bytes:
    """An image that can be printed, as base64 text; an SVG may stand there as it is."""
    if isinstance(value, str) and value.lstrip().startswith("<"):
        return checked_logo(value.encode("utf-8", "replace"), path)
    if not isinstance(value, str) or len(value) > 2 * LARGEST:
        raise refusal("InvalidLogo", path, value, "a PNG, JPEG or SVG image as base64 text")
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise refusal("InvalidLogo", path, value, "an image as base64 text") from None
    return checked_logo(content, path)


def checked_logo(content: bytes, path: str) -> bytes:
    """The same bytes. Raises Invalid (InvalidLogo) unless they are an image we print."""
    try:
        read_logo(content)
    except Invalid as refused:
        raise Invalid(*(replace(problem, path=path) for problem in refused.problems)) from None
    return content
