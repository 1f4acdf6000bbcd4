"""Chunks and their statistics in each format."""
