"""Which flow does the work of which kind of job.

A handler is called with the runtime, the scope of the job's tenant, and the job's arguments by
name. It may be called again for the same job, also at the same time: it leads to the same state.
A kind that is not in the table fails at once, visibly; it is never dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

Handler = Callable[..., object]  # (runtime, scope, **arguments of the job)

RUN_BILLING = "run_billing"
SEND_INVOICE = "send_invoice"

# ---- to be filled by flows/run_billing.py and flows/send_invoice.py: the only place to edit ----
HANDLERS: Mapping[str, Handler] = {}
# ------------------------------------------------------------------------------------------------
