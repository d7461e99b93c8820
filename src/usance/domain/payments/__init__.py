"""Payments: what was paid, for which invoice, and what is still open.

Owns: the payment, its allocation to invoices, customer credit, refunds, write-offs, what a credit
note is still worth, whether an invoice is paid or late, the creditor reference.
Does not own: what an invoice says (invoicing), how money moves between accounts (ledger).

Always true:
- what is allocated never exceeds the payment, and never what is open on an invoice;
- what is allocated, kept as credit and unallocated of a payment adds up to it;
- the order in which open invoices are read changes no automatic allocation;
- the order in which a payer names invoices with their amounts changes no allocation;
- taking an allocation back leaves payment and invoice as if it had not been made;
- several credits applied together never exceed what is open, nor any credit what it is worth;
- an invoice is paid exactly when nothing is due on it, and overdue only after its due day.

How an unnamed payment finds its invoices, the first rule that finds any deciding alone: the
invoices its remittance names by creditor reference or number; else the one whose open amount it
is; else the oldest due first. What is left over stays unallocated: money that named its invoice
is not used for another one. Source: finance.md section 10.

Times: `received_on` the booking day on our bank account · `allocated_on` the day somebody, or a
rule, said what it paid. Both are days of the legal entity.
"""
