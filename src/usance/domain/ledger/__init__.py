"""Ledger: every amount twice, once on each side, so that nothing can get lost.

Owns: the chart of accounts, balanced entries, what each event books, the trial balance.
Does not own: why an amount is what it is (invoicing, tax, payments); when revenue is earned, which
will move it out of contract liability (revenue).

Always true:
- an entry balances or is refused;
- the trial balance adds up to zero for each legal entity and currency;
- voiding an invoice leaves every account as if it had not been issued;
- taking an allocation back leaves every account as if it had not been made;
- releasing customer credit leaves every account as if it had not been kept;
- calling a refund off leaves every account as if it had not been promised;
- reversing a write-off leaves every account as if it had not been made;
- crediting an invoice whole and applying the credit leaves every account at zero;
- the receivable account is what is still due on all issued invoices.

Amounts are signed: a debit is above zero, a credit side below. Entries are only ever added; a
mistake is undone by another entry. `docs/ledger.md`, written from this code, shows each booking.
"""
