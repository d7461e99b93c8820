"""Contracts on the wire: agreements, what they are worth, and the documents they make."""
