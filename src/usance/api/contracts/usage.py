"""Count the usage of a contract's held drafts again."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.envelope import Single, Wire
from usance.api.fields import PathId
from usance.api.route import resource
from usance.domain.contracts.contract import Contract
from usance.domain.due_items import LineKind
from usance.domain.errors import DomainError
from usance.domain.ids import ContractId
from usance.domain.invoicing.invoice import Draft, InvoiceStatus
from usance.flows.refresh_drafts import refresh_drafts
from usance.store import contracts, invoices, listings

router = resource("contracts", tag="Contracts")


class ReportedUsage(Wire):
    """A feature whose usage on held drafts was counted again."""

    feature_id: str
    invoice_id: str = Field(description="The draft it stands on.")
    is_changed: bool = Field(description="It says something else now.")


class FailedUsage(Wire):
    """A feature whose draft could not be made anew; ask again."""

    feature_id: str
    invoice_id: str
    code: str
    message: str


class SkippedUsage(Wire):
    """A feature that stands on no held draft: it is counted when it falls due."""

    feature_id: str
    reason: Literal["NoHeldDraft"]


class RefreshedUsage(Wire):
    """What became of each metered feature of the contract."""

    contract_id: str
    reported: list[ReportedUsage]
    failed: list[FailedUsage]
    skipped: list[SkippedUsage]


@router.post(
    "/{id}/usage/refresh", operation_id="refreshContractUsage", summary="Count usage again"
)
def refresh(caller: Asked, id: PathId) -> Single[RefreshedUsage]:
    """On drafts held for review; what was approved is never touched. Repeating it is safe."""
    contract_id = ContractId(id)
    with caller.transaction() as tx:
        contract = contracts.one(tx, contract_id)
        stored = invoices.many(tx, listings.invoices_of_contract(tx, contract_id))
    held = [each.draft for each in stored if each.status is InvoiceStatus.DRAFT]
    features = _features(contract)
    outcomes = [each for draft in held for each in _refreshed(caller, draft, features)]
    known = {each.feature_id for each in outcomes}
    return Single(
        data=RefreshedUsage(
            contract_id=id,
            reported=[each for each in outcomes if isinstance(each, ReportedUsage)],
            failed=[each for each in outcomes if isinstance(each, FailedUsage)],
            skipped=[
                SkippedUsage(feature_id=feature_id, reason="NoHeldDraft")
                for feature_id in dict.fromkeys(features.values())
                if feature_id not in known
            ],
        )
    )


def _refreshed(
    caller: Caller, draft: Draft, features: dict[str, str]
) -> list[ReportedUsage] | list[FailedUsage]:
    """What became of the features that a draft bills."""
    billed = [features[line.line_id] for line in draft.lines if line.line_id in features]
    named = list(dict.fromkeys(billed))
    try:
        changed = refresh_drafts(caller.runtime, caller.scope, [draft.id])
    except DomainError as refused:  # approved or gone since it was read
        return [
            FailedUsage(
                feature_id=each, invoice_id=draft.id, code=refused.code, message=str(refused)
            )
            for each in named
        ]
    return [
        ReportedUsage(feature_id=each, invoice_id=draft.id, is_changed=bool(changed))
        for each in named
    ]


def _features(contract: Contract) -> dict[str, str]:
    """The feature of each metered line."""
    return {
        line.id: line.sold.feature_id
        for line in contract.lines
        if line.sold.feature_id is not None and line.sold.kind is LineKind.USAGE
    }
