"""Invoicing: what a customer owes, on one page, in one currency.

Owns: drafting from what is due, findings, review, comparison, numbering, issuing, voiding.
Does not own: what is due when (contracts.schedule), prices (rating), what was paid (payments).

Always true:
- the lines and their taxes add up to the total, to the minor unit;
- due items of one payer, entity, currency, day and grouping share a draft, and no others;
- drafting the same items again gives the same draft, whatever their order;
- an issued invoice never changes;
- crediting a line in any parts, in any order, gives back exactly its net and its tax;
- only what was approved is issued;
- rules only ever add to what is asked of those who approve;
- without a reviewer only what every contract explicitly allows passes, and no warning;
- two documents are compared line by line, each line once, and the differences add up.

Times: `service_period` when it was used · `bill_on` when it fell due · `issued_on` · `due_on`.
"""
