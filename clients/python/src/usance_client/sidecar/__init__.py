"""The sidecar: the client as a process of its own, for whatever speaks HTTP beside it.

Owns: `GET /check`, `GET /entitlements`, `POST /usage`, `POST /events`, `GET /health`,
`GET /metrics`. Quantities are text, exact. The answers are the client's; so is what happens when
the server is down.
"""
