"""The outside: services that others run, spoken to in their words, told in ours.

Translate only, decide nothing. Each service is a protocol of ours with one module an
implementation; what goes wrong out there is a `ProviderError`, never a refusal of ours.
"""
