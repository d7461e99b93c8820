"""Orders on the wire: signed order forms, the steps they still need, and what came of them."""
