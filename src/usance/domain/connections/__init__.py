"""Connections: usage that is counted elsewhere, and taken in here.

Owns: whom a connection reaches, from when its usage counts, what is called what there and here, how
the other side's history is read, and what of it is still to be taken in.
Does not own: asking the other side (providers), keeping events (metering), prices (rating).

Always true:
- after each reading, what was taken in is what the other side tells;
- reading the same again takes in nothing;
- how finely the other side tells its history changes no total (by the day, or finer);
- a running count and the amounts it is made of are read alike.

How a history is read: its points are either a RUNNING count, which a reset point begins again from
zero, or the AMOUNTS of stretches of time. A running count's point covers the time from the point
before it up to itself, and what it grew by stands just before it; an amount's point covers the time
from itself to the next one, and the amount stands at it. What was taken in is compared stretch by
stretch within each UTC day. A day told as one, of which something is missing, is looked at closer
before: an invoice's month ends in the legal entity's time zone.

A running count proves itself: when it still says at some instant what it said before, nothing
earlier has changed since its last reset. Reading goes on from such an anchor; where it does not
hold, and once a day in any case, everything that may still be billed is read again.

Times: `since` the first instant whose usage counts · `start_at` from where the other side is asked
· `used_at` when it was used, which decides the window it is billed in.
"""
