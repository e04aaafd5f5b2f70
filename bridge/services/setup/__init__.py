"""Connecting a site: finding out, a plan of steps, carrying it out, taking it back."""
