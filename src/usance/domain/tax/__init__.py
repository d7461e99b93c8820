"""Tax: which taxes a line bears, and how much that is on the document.

Owns: the rate table of a legal entity, exemption, reverse charge, several taxes on one line, prices
that include tax, tax per category and rate, the tax of a partial credit, tax in local currency,
what a tax service answered, what the register said of a VAT id.
Does not own: the format of tax ids (customer), net amounts (rating), how tax is printed, asking a
service (providers).

Always true:
- the tax of a document is the sum over its categories, rates and jurisdictions, each rounded once;
- the tax shares of the lines add up to the tax of the document;
- a line whose price includes tax costs exactly that price;
- reverse charge, exempt and outside-scope lines bear no tax and carry the reason why;
- the credits of a line never give back more tax than it bore, and all of it with its last part.

Rates hold from a day on and are looked up by the tax point, the first day of the service period.
Categories are EN 16931's (UNCL 5305). Source of the rules: finance.md section 6; EU VAT directive
articles 44 and 196 for services between businesses.
"""
