"""The command line: what operators, finance and demos type.

Each command parses, calls one flow or one read, and shows the answer: a table for people, one JSON
document with `--json`. Progress goes to standard error, so that standard output can be piped. An
error is one clear line and a non-zero exit status; nothing half-done remains.
"""
