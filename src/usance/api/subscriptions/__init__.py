"""Subscriptions over HTTP: what customers hold, provisioned, changed, moved and ended."""
