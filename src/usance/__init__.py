"""Usance: from a signed deal to recognised revenue, for B2B SaaS teams."""

__version__ = "0.1.0"
