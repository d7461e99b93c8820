"""The REST API, version 1: one file a resource, its wire models beside its routes.

Owns: the envelope, the cursor, the error shape, keys, idempotency, the body limit, OpenAPI.
Does not own: any rule. A handler parses, calls one flow or reads, and renders.

Always true:
- an answer is `{data}` or `{data, pagination}`, a refusal is `{error}`, whatever went wrong;
- what a key of one environment asks never meets another environment's rows;
- a POST repeated with its Idempotency-Key is done once, whenever either side crashed;
- no float touches an amount or a quantity on its way in or out.
"""
