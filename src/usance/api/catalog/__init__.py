"""The catalogue on the wire: products, plans, add-ons, coupons, in the shapes of Stigg's SDKs."""
