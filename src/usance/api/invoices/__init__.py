"""Invoices on the wire: held drafts, issued documents, what was paid of them, and their paper."""
