"""API keys: who may come in over the network, and what for.

Owns: areas and scopes, what a key may hand on to others, customer tokens.
Does not own: which area a route is in, and which routes publishable keys reach (api/admission.py);
where keys are kept (store/api_keys.py).

Always true:
- whoever may write an area may read it;
- another scope never takes anything away;
- a key hands on no more than it has;
- a customer token stands for the customer it was signed for, and for nobody else.
"""
