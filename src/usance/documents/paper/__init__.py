"""Paper: what the seller's customer reads, as PDF and as page.

Owns: the view of an invoice as plain values, its words in several languages, how numbers and days
are written, the PDF and the page, the QR code for bank transfers, the signed link to the page.
Does not own: any amount, date or state. They arrive decided; here nothing is computed or rounded.

Always true:
- the PDF and the page show the same values, for both are set from the same `Printed`;
- the same view gives the same bytes, today and in another process;
- text from outside is text: never markup, never a direction change, never a missing glyph;
- what is printed adds up.

From view to pixels: `invoice_view` (values) -> `printed` (words) -> `pdf` or `page`.
"""
