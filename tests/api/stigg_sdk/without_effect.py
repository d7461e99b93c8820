"""What of Stigg's SDKs is without effect here, refused, or not answered: each with the reason.

Patterns of methods and of fields, as fnmatch reads them. For users the same is told in
docs/guides/compatibility.md, which names each field.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

NO_CHECKOUT = "what is due is invoiced, and the link of the invoice is where it is paid"
NO_PROVIDER = "no provider keeps a record that it would go with"
OWN_CONNECTION = "there is no choice of billing systems: this one bills"
BY_PLAN = "whoever provisions a customer says its plan"
NO_CREDITS = "there are no credits yet"
NO_ENTITIES = "there are no budgets of entities yet"


class Excused(NamedTuple):
    """Fields of some methods, and why they are as they are."""

    methods: str
    fields: str
    why: str

    def covers(self, method: str, field: str) -> bool:
        """True of the field, and of all that stands below it."""
        below = f"{self.fields}.*"
        is_named = fnmatchcase(field, self.fields) or fnmatchcase(field, below)
        return is_named and fnmatchcase(method, self.methods)


# Taken, and of no consequence. Whatever can be honoured or has to be refused is not for this list.
WITHOUT_EFFECT = (
    Excused("v1.subscriptions.provision", "checkoutOptions", NO_CHECKOUT),
    Excused("v1.contracts.create", "*.checkoutOptions", NO_CHECKOUT),
    Excused("v1.*", "*awaitPaymentConfirmation", "access does not wait for a payment"),
    Excused("v1.*", "*billingInformation.isBackdated", "a start in the past says so"),
    Excused("v1.*", "*billingInformation.integrationId", OWN_CONNECTION),
    Excused("v1.*", "*billingInformation.metadata", NO_PROVIDER),
    Excused("v1.subscriptions.import_", "integrationId", OWN_CONNECTION),
    Excused("v1.customers.*", "passthrough.stripe.invoiceCustomFields", NO_PROVIDER),
    Excused("v1.customers.*", "passthrough.stripe.metadata", NO_PROVIDER),
    Excused("v1.customers.*", "passthrough.stripe.shippingAddress", NO_PROVIDER),
    Excused("v1.customers.*", "passthrough.zuora.metadata", NO_PROVIDER),
    Excused("v1.customers.import_", "customers.updatedAt", "it changes here when it is imported"),
    Excused("v1.products.*", "productSettings.subscriptionStartSetup", BY_PLAN),
    Excused("v1.products.*", "productSettings.subscriptionStartPlanId", BY_PLAN),
)

# Refused, each with a code of its own; test_fields.py sends them.
REFUSED = (
    Excused("v1.customers.check_entitlement", "reserv*", NO_CREDITS),
    Excused("v1.*", "*creditGrantCadence", NO_CREDITS),
    Excused("v1.*", "*creditRate", NO_CREDITS),
    Excused("v1.*", "*dependencyFeatureId", NO_CREDITS),
)

# Words that a field of theirs may have and ours may not.
REFUSED_WORDS = {"status": {"PUBLISHED", "ARCHIVED"}}  # of a draft: both are requests of their own

# In no answer of ours. All of them may be missing in theirs.
NOT_ANSWERED = (
    Excused("v1.*.entitlements.*", "data.amount", NO_CREDITS),
    Excused("v1.*.entitlements.*", "data.cadence", NO_CREDITS),
    Excused("v1.*.entitlements.*", "data.dependencyFeatureId", NO_CREDITS),
    Excused("v1.*charges", "data.credit*", NO_CREDITS),
    Excused("v1.*charges", "data.topUpCustomCurrencyId", NO_CREDITS),
    Excused("v1.*charges", "data.billingId", "no other system knows our prices"),
    Excused("v1.*charges", "data.crm*", "no other system knows our prices"),
    Excused("v1.customers.*", "data.passthrough", "what of it we bill by is in its own field"),
    Excused("v1.*entitlement*", "data*.reserv*", NO_CREDITS),
    Excused("v1.*entitlement*", "data*.currency", NO_CREDITS),
    Excused("v1.*entitlement*", "data*.usageUpdatedAt", NO_CREDITS),
    Excused("v1.subscriptions.provision", "data.entitlements.reserv*", NO_CREDITS),
    Excused("v1.subscriptions.provision", "data.entitlements.currency", NO_CREDITS),
    Excused("v1.subscriptions.provision", "data.entitlements.usageUpdatedAt", NO_CREDITS),
    Excused("v1.subscriptions.list", "data.subscriptionEntitlements", "lists are without them"),
    Excused("v1.*.estimate", "data.estimates.*", NO_CREDITS),
    Excused("v1.usage.report", "data.credit.*", NO_CREDITS),
    Excused("v2.usage.report", "data.usages.credit.*", NO_CREDITS),
    Excused("v2.usage.report", "data.credits", NO_CREDITS),
    Excused("v2.usage.report", "data.entities", NO_ENTITIES),
)


def is_excused(excuses: tuple[Excused, ...], method: str, field: str) -> bool:
    """True when one of them covers it."""
    return any(each.covers(method, field) for each in excuses)
