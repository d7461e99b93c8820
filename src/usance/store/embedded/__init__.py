"""Embedded PostgreSQL: a real server for one machine, started by whoever comes first.

Owns: where a cluster lives, who runs it, starting it once for many processes, stopping it when the
last of them has left, and healing it after a crash.
Does not own: schema and migrations, connection pools, servers named by USANCE_DATABASE_URL.

Always true:
- one home has at most one supervisor, and one supervisor at most one postmaster;
- who uses a cluster holds a lock that the operating system releases, so the killed do not count;
- a cluster either exists whole or not at all: it is built beside its place and then renamed;
- the server never runs as root, and nobody but its owner can connect to it or read its files.

Start reading at `cluster.attach`, then `supervisor`.
"""
