"""A world that many act in at once; it is audited when they are done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories.world import World
from usance.flows.runtime import Runtime, Scope


@pytest.fixture
def world(runtime: Runtime, scope: Scope) -> Iterator[World]:
    """New Year 2025 at Halden; nothing sold yet."""
    world = World(runtime, scope).open()
    yield world
    world.audit()
