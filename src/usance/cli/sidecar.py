"""`usance sidecar`: checks over local HTTP, for an application in any language beside it.

It is the client package's (`usance_client`), which is installed where Usance is not; this command
turns into it, so that the sidecar is one process without anything of the server in it.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from usance.cli.show import people

PACKAGE = "usance_client"
KEY = "USANCE_API_KEY"


def sidecar(
    *,
    server: Annotated[str, typer.Option(help="Where Usance is.")],
    key: Annotated[str, typer.Option(envvar=KEY, help="An API key.")],
    listen: Annotated[str, typer.Option(help="Address and port.")] = "127.0.0.1:8126",
    cache: Annotated[
        str, typer.Option(help="A file that outlives restarts, with usage beside it.")
    ] = "",
    customer: Annotated[
        list[str] | None, typer.Option(help="Known from the start; repeat it.")
    ] = None,
    most_customers: Annotated[
        int, typer.Option(min=1, help="Held at a time, beside those known from the start.")
    ] = 10_000,
    fallback: Annotated[
        str, typer.Option(help="allow or deny whom nothing is known of in an outage.")
    ] = "deny",
) -> None:
    """Answer checks over local HTTP, from memory, also while the server is down; take in usage."""
    if find_spec(PACKAGE) is None:
        people.print("the sidecar is a package of its own: pip install usance-client")
        raise typer.Exit(1)
    arguments = ["--server", server, "--listen", listen, "--fallback", fallback]
    arguments += ["--most-customers", str(most_customers)]
    arguments += ["--cache", cache] if cache else []
    for each in customer or ():
        arguments += ["--customer", each]
    command = [sys.executable, "-m", f"{PACKAGE}.sidecar", *arguments]
    os.execve(sys.executable, command, {**os.environ, KEY: key})  # the key in no list of processes
