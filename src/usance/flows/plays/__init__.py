"""Plays: stories told one after another.

A flow is one story and imports no other. A play puts several in order: the work of a day, the days
a moved clock passes over, a contract's life rehearsed and not kept. Each story of a play stands by
itself, in its own transaction; a play that is killed half-way is played again from the start.
"""
