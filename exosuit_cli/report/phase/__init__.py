"""Phases in each format."""
