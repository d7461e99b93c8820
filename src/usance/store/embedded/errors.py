"""The one error of the embedded PostgreSQL: it cannot be had, and why."""

USE_YOUR_OWN = "To use a PostgreSQL server of your own instead, set USANCE_DATABASE_URL."


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot start or be joined; the text says what to do about it."""
