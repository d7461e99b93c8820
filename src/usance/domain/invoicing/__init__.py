"""Invoicing: what a customer owes, on one page, in one currency.

Owns: drafting from what is due, review findings, approving, numbering, issuing, voiding.
Does not own: what is due when (contracts.schedule), prices (rating), what was paid (payments).

Always true:
- the lines and their taxes add up to the total, to the minor unit;
- due items of one customer, entity, currency, day and grouping share a draft, and no others;
- drafting the same items again gives the same draft, whatever their order;
- an issued invoice never changes;
- only what was approved is issued.

Times: `service_period` when it was used · `bill_on` when it fell due · `issued_on` · `due_on`.
"""
