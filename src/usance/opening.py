"""Opening: from settings to a database that is up to date, and to what else a flow reaches.

Apart from the application, so that a command line that serves no HTTP imports none of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from usance.flows.runtime import Runtime
from usance.providers.vies import Vies
from usance.settings import Settings
from usance.store.database import Database
from usance.store.embedded.cluster import attach
from usance.store.migrate import migrate


@contextmanager
def database_for(settings: Settings) -> Iterator[Database]:
    """The database the settings name, or the embedded one of their home; brought up to date.

    Raises DatabaseUnusable, EmbeddedPostgresError, psycopg.OperationalError.
    """
    if settings.database_url is not None:
        with _open(settings.database_url) as database:
            yield database
        return
    with attach(settings.home) as cluster, _open(cluster.url) as database:
        yield database


def runtime_for(database: Database, settings: Settings) -> Runtime:
    """The outside as the settings name it."""
    if settings.vies_url is None:
        return Runtime(database)
    return Runtime(database, tax_id_register=Vies(settings.vies_url))


@contextmanager
def _open(url: str) -> Iterator[Database]:
    migrate(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.close()
