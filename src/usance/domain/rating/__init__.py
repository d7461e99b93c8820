"""Rating: what a quantity costs under a price, with every step shown.

Owns: price models, included quantities, minimum and maximum, proration, the notation of prices.
Does not own: which period is due (contracts), the quantity itself (metering), discounts of the
document, tax.

Always true:
- a price written as plain values and read again is the same price;
- splitting usage over events changes nothing, unless the price is per event;
- counted events cost what they cost one by one;
- rating in two steps, with the quantity already rated named, adds up to rating at once;
- a negative quantity mirrors the positive one;
- more usage never costs less, unless the price is by volume;
- a line is never below its minimum nor above its maximum;
- the shares of the parts of a period add up to one, in the profiles that divide it;
- a line is rounded once: no step before the last loses a digit of its 50;
- the working ends in the amount.

Conventions where systems differ: `docs/concepts/rating.md`.
"""
