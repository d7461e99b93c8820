"""Benchmarks: how fast Usance is beside what no program could avoid, measured in the same run.

`make bench` runs all of them, `make bench ONLY=billing_run` one. Standard output is JSON lines
`{"bench", "value", "unit", "limit", "ratio", "goal", "holds"}`; a table for people goes to
standard error. A limit is never a number from a book: it is taken on this machine, now.
"""
