"""Metering: what was used, told by events, counted by meters.

Owns: the usage event and its strict reading, matching, reversals, and the reference
count of a window.
Does not own: the meter's definition (catalog), prices (rating), when usage is billed (contracts).

Always true:
- a batch is read whole, or refused whole with every problem in it;
- the order in which events arrive changes no total;
- an event that a meter does not listen to changes none of its totals;
- cut a window in two: every event is in one part, and counts and sums of the parts add up;
- a window without events has the quantity zero, for every aggregation;
- the cells of a window add up to its quantity and its count of events;
- the amounts of single events add up to a count or sum;
- an event that was taken back counts nowhere;
- a level is never below what it was at the start of its window or at its end;
- the SQL total is the reference fold.

How values compare: a dimension is text, a number or a truth value. Everything has a text form: a
number its shortest plain one ("100000", "0.5"), a truth value "true" or "false". Text that is
plainly a number ("12.50", not "12abc", "1e5" or " 12") is one wherever a number is asked for.

- EQUALS, NOT_EQUALS, IN: a number with a number ("5.0" equals 5), anything else by its text, to the
  letter. NOT_EQUALS is true exactly when EQUALS is not, so also without the dimension.
- GREATER_THAN and its like: false unless both are numbers. CONTAINS, STARTS_WITH, ENDS_WITH: by the
  text, to the letter; false without the dimension. IS_NULL: the event lacks the dimension.
- SUM, MAX, MIN, AVG leave out events whose field is missing or no number; UNIQUE those whose
  field is missing. They are `unread_count`, so nothing gets lost unseen.
- UNIQUE tells values apart by their text: 42 and "42" are one.
- Negative values count as they are (a correction is a negative event), so a sum may be negative.
- A window with dimensions counts each combination of their values by itself and adds them: a peak
  in each region, the users of each product. An event without a dimension has a cell of its own.

Times: `occurred_at` when it was used, which decides its window · `received_at` when we heard of it.
"""
