"""Credits: units given in advance, and the order in which they are used up.

Owns: grants, whose turn it is, what a use takes from each, grants that are filled anew.
Does not own: what a unit costs (rating), which uses there were (metering), money that a customer
has with us (payments), amounts prepaid on a contract line (invoicing.drawdown).

Always true:
- what is taken from the grants and what is short add up to what was asked;
- no grant gives more than it holds, nor anything outside its time;
- grants are taken from in turn, whatever order they are told in;
- a grant that is passed over had nothing left to give.

Amounts are units, exact, never below zero. Instants are aware; a grant counts from the instant it
takes effect up to, not including, the one it expires at.
"""
