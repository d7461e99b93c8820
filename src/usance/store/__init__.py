"""PostgreSQL: what is kept, and how it is read and written.

Owns: the schema, one module an aggregate with its SQL constants and functions `(tx, ...)`; values
in, values out. Writers start with save_, append_, add_, delete_ or lock rows with lock_.
Does not own: any rule. A row is turned into a domain value, whose constructor checks it again.

Always true:
- every statement names `tenant_id`, and row-level security stands behind it;
- what a domain constructor refuses, a named SQL constraint refuses too.
"""
