"""VIES, the European Commission's register of VAT ids, over its REST interface.

`GET {base}/ms/{state}/vat/{number}`, with `requesterMemberStateCode` and `requesterNumber` for a
consultation number (`requestIdentifier`). It answers 200 for a member state that is away too:
`userError` is then MS_UNAVAILABLE or the like, and `isValid` false says nothing. Only VALID and
INVALID are answers. `---` stands for what a state does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from stdnum.eu import vat

from usance.domain.customer import TaxId
from usance.providers.errors import ProviderError
from usance.providers.http_json import ask_json
from usance.providers.tax_id_register import RegisterAnswer

VIES = "https://ec.europa.eu/taxation_customs/vies/rest-api"
OURS_TO_MEND = frozenset({"INVALID_INPUT", "INVALID_REQUESTER_INFO", "VAT_BLOCKED", "IP_BLOCKED"})


@dataclass(frozen=True, slots=True)
class Vies:
    """The register at `base`, which a test or a proxy may stand in for."""

    base: str = VIES

    def look_up(self, tax_id: TaxId, *, asked_by: TaxId | None) -> RegisterAnswer:
        """What VIES says of an EU VAT id. Raises ProviderError."""
        state, number = _parts(tax_id)
        query = {}
        if asked_by is not None:
            query["requesterMemberStateCode"], query["requesterNumber"] = _parts(asked_by)
        url = f"{self.base}/ms/{quote(state)}/vat/{quote(number, safe='')}"
        return _answer_from(ask_json("GET", url, service="VIES", query=query))


def _parts(tax_id: TaxId) -> tuple[str, str]:
    compact = vat.compact(tax_id.value)
    return compact[:2], compact[2:]


def _answer_from(plain: dict[str, Any]) -> RegisterAnswer:
    is_valid, said = plain.get("isValid"), str(plain.get("userError") or "")
    errors = plain.get("errorWrappers")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        said = str(errors[0].get("error") or said)
    if not isinstance(is_valid, bool) or (said not in ("VALID", "INVALID", "") and not is_valid):
        raise ProviderError(
            f"VIES has no answer: {said[:80] or 'nothing was said'}",
            retryable=said not in OURS_TO_MEND,
        )
    return RegisterAnswer(
        is_valid=is_valid,
        consultation=_told(plain.get("requestIdentifier")),
        name=_told(plain.get("name")),
        address=_told(plain.get("address")),
        answer=plain,
    )


def _told(value: object) -> str:
    return value.strip() if isinstance(value, str) and value.strip() != "---" else ""
