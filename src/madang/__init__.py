"""Madang: one linked, live, open graph of a city."""

__version__ = "0.1.0"
