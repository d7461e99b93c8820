"""Pages for the seller's customer, by signed link: the invoice as it stands, and its PDF.

Always true:
- an altered, foreign or invented link and one whose invoice is gone look the same;
- the page holds no script, loads nothing, and is kept by no cache and no search engine.
"""
