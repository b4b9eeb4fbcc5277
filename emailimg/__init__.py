"""Predict which image makes a marketing email succeed, and recommend better ones."""

__version__ = "0.1.0"
