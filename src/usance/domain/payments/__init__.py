"""Payments: what was paid, for which invoice, and what is still open."""
