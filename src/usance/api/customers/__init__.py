"""Customers over HTTP: who buys, and what hangs on them."""
