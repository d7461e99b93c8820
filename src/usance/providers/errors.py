"""What goes wrong outside."""

from __future__ import annotations


class ProviderError(Exception):
    """An outside service did not answer, or not in a way we can read.

    `retryable`: the same request may succeed later; otherwise somebody has to look.
    """

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable
