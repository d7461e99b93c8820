"""Commands that are listed at once and imported when somebody calls them.

All of them together take seconds to import, one of them a fraction. So the overview names each
with what it is for, and its module is imported by the word that leads to it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


class Later(TyperCommand):
    """A line of the overview, in place of a command or a group that is not imported yet.

    `place` says where that is: `usance.cli.billing:bill`, a function or a Typer.
    """

    def __init__(self, name: str, place: str, says: str, *, panel: str) -> None:
        super().__init__(name, help=says, rich_markup_mode="markdown", rich_help_panel=panel)
        self._place = place

    def now(self) -> TyperCommand | TyperGroup:
        """The command or group itself; a group is introduced by the overview's words."""
        module, _, attribute = self._place.partition(":")
        found = getattr(import_module(module), attribute)
        parent = typer.Typer(rich_markup_mode="markdown", pretty_exceptions_enable=False)
        if isinstance(found, typer.Typer):
            parent.add_typer(found, name=self.name, help=self.help)
        else:
            parent.command(self.name)(found)
        (loaded,) = get_group(parent).commands.values()
        assert isinstance(loaded, TyperCommand | TyperGroup)
        return loaded


class Overview(TyperGroup):
    """A group whose commands come later; a subclass lists them."""

    lines: tuple[Later, ...]

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for line in self.lines:
            self.add_command(line)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first word names, imported now, and the words after it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.now() if isinstance(command, Later) else command, rest
