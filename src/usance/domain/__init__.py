"""The rules: money, time, contracts, rating, invoices, payments, ledger.

Owns: every total, date, state and permission in Usance; each is decided here and nowhere else.
Does not own: storage, the network, the clock, randomness. Time, ids and outside facts come in as
arguments; new values go out.

The modules stand on inner floors; each imports only those named before it: errors, money, rounding,
calendar, ids, api_keys, facts, fact_names, receivables_policy, customer, payment_terms,
approval_rules, legal_entity, price_index, fx, catalog, credits, metering, connections, rating,
rate_card, plans, tax, due_items, subscriptions, contracts, entitlements, invoicing, payments,
revenue, ledger.
"""
