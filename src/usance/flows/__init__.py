"""Stories: what people and the clock make happen, one file each.

Each reads, decides, writes and announces, in that order, in one transaction. No flow imports
another; no provider is called while a transaction is open; after the decision nothing is refused.
Rows are locked in one order: customer, contract, invoice, payment.
"""
