"""Entitlements: what a customer may use, how much of it, and whether they may right now.

Owns: the sources of an entitlement and how many become one, windows in which usage counts, limits,
allowed or denied and why, until when the answer holds; what a customer's plans, add-ons, overrides
and promotions come to (holdings), and what of a budget is spent; what is carried into the next
window; seats and their pools; checks of credits, and buying and paying with them.
Does not own: what was used (metering), whose turn a credit grant is (credits), what a plan holds
(plans), which subscriptions there are (subscriptions).

Always true:
- a grant, another subscription or an add-on that adds never takes access away;
- who holds one more subscription, add-on or promotion may do all that they might before;
- a subscription that is not paid yet, has not begun or is over gives nothing;
- an answer is the same at every instant until it says it may change;
- what is held is the same at every instant until the next change it names;
- what a disabled feature has as sources changes nothing: nobody may use it;
- sources count the same in whatever order they are told;
- a window never drifts: it starts whole periods after the anchor, however many have passed;
- the windows of a reset tile time: an instant is in one, and the next begins where it ends;
- a hard limit lets exactly as much through as it says, and no more.

Two kinds of sources, never mixed: contract values (feature, product, plan, plan version,
subscription), of which the higher level replaces the lower; and grants (promotions, trials, other
subscriptions), of which the most generous wins. Only a contract value can lower a limit.
Source: finance.md section 9.
"""
