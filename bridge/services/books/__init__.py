"""The books: compared with what they must add up to, and kept small."""
