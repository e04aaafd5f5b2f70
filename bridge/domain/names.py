"""The peer's names that shop and database share: the keys of WooCommerce's own metas."""

MARKER_KEY = "_aipkit_tokens_granted"
"""Order meta: net credits booked; for display, never a lock."""

AMOUNT_KEY = "_aipkit_tokens_amount"
"""Product, variation and order item meta: what one unit grants."""
