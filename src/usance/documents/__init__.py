"""Documents: what people write to us and read from us, between text and the rules' values.

Owns: order forms and what else comes in files, read whole or refused whole; the notation of every
value of the rules, as it is stored and shown; `paper/`, what the seller's customer reads.
Does not own: any rule. What is read here is judged by the domain's own constructors.
"""
