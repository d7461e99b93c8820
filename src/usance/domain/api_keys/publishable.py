"""Publishable keys: how they are refused what is not theirs to see."""

from __future__ import annotations

from usance.domain.errors import Forbidden


class NotForPublishableKeys(Forbidden):
    """This route takes server keys only."""

    code = "NotForPublishableKeys"

    def __init__(self) -> None:
        super().__init__("A publishable key may not do that; it takes a server key.")


class CustomerTokenMissing(Forbidden):
    """What a customer has is shown only to whom its backend gave a token."""

    code = "CustomerTokenMissing"

    def __init__(self) -> None:
        super().__init__(
            "A publishable key sees what a customer has only with that customer's token, "
            "in the header X-CUSTOMER-KEY."
        )
