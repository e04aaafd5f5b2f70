"""A shop that answers over HTTP as a real one does, for the demo, tests and the bench."""
