"""What goes wrong outside."""

from __future__ import annotations


class ProviderError(Exception):
    """An outside service did not answer, or not in a way we can read.

    `retryable`: the same request may succeed later; otherwise somebody has to look. `status`: the
    HTTP status it answered with, if it answered; `retry_after`: seconds it asked us to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool,
        status: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.status = status
        self.retry_after = retry_after
