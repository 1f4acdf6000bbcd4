"""Tiers that keep chunks by their digest, one file each behind one protocol, and the stack that moves chunks between.

The modules are imported by name: a command that needs none of them pays for none.
"""
