"""Contracts: what was agreed, and what falls due from it on which day.

Owns: the order (a signed commitment), the contract (the running agreement it amends), the
schedule of due items, contract value, an order's open steps.
Does not own: amounts (rating), documents (invoicing), what the customer may use (entitlements).

Always true:
- the slices of a line cover each day of its service window exactly once;
- what is due by a later day contains what was due by an earlier one;
- what was billed falls due no more;
- a contract's value is the sum of the lines that will be invoiced for it, usage apart;
- an order is fulfilled exactly when it has no open step.

Times: `term` the days agreed · `service_period` when it is used · `due_on` when it may be billed.
All are days of the legal entity.
"""
