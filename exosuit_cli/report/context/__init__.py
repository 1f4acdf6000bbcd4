"""Contexts in every format."""
