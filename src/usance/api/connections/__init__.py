"""Connections to systems that count usage, over HTTP."""
