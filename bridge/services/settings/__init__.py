"""Limits and prices, written where the peer plugin keeps them."""
