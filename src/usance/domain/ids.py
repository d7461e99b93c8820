"""Identifiers: what they are called and how they look.

An id of ours is a prefix and a sortable random part: `inv_01k…`. It is made outside the rules
(flows/runtime.py) and handed in. What a customer or a seller calls a thing is a `…_ref`.
"""

from __future__ import annotations

import re
from typing import NewType

from usance.domain.errors import Invalid, Problem

LegalEntityId = NewType("LegalEntityId", str)
CustomerId = NewType("CustomerId", str)
IntegrationId = NewType("IntegrationId", str)  # a connection to another system
FeatureId = NewType("FeatureId", str)
ConnectionId = NewType("ConnectionId", str)
ProductId = NewType("ProductId", str)
PackageId = NewType("PackageId", str)  # a plan or an add-on
CouponId = NewType("CouponId", str)
PromotionId = NewType("PromotionId", str)
OrderId = NewType("OrderId", str)
ContractId = NewType("ContractId", str)
LineId = NewType("LineId", str)
InvoiceId = NewType("InvoiceId", str)
PaymentId = NewType("PaymentId", str)
AllocationId = NewType("AllocationId", str)
CustomerCreditId = NewType("CustomerCreditId", str)
RefundId = NewType("RefundId", str)
WriteOffId = NewType("WriteOffId", str)
EntryId = NewType("EntryId", str)

REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9_|.:@-]{0,254}")


def parse_ref(text: str, *, path: str = "") -> str:
    """A reference chosen by the user: 1 to 255 letters, digits and _ | . : @ -.

    Raises Invalid (InvalidId).
    """
    if not isinstance(text, str) or not REF.fullmatch(text):
        expected = "1 to 255 letters, digits and _ | . : @ -, beginning with a letter or digit"
        raise Invalid(Problem("InvalidId", path, str(text)[:80], expected))
    return text
