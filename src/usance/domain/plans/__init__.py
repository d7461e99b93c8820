"""Plans: what is offered: products, their plans and add-ons in versions, and coupons.

Owns: products and what happens when their subscriptions begin and end, plans and add-ons
("packages"), their charges and entitlements, drafts, inheritance, coupons; features given to a
customer beside them (promotions).
Does not own: features (catalog), what a price comes to (rating), who bought what (subscriptions),
what a customer may use in the end (entitlements).

Always true:
- an edited draft stays the same package in the same version;
- a feature stands at most once among the entitlements of a package;
- no plan inherits from itself, whatever others inherit from it;
- a charge states one price: an amount, or tiers that end open;
- a promotion counts from its first instant until before its last, and is over ever after.
"""
