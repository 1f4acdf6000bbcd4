"""Counts tokens exactly, for a named encoding, at the speed of the disk."""

from exosuit_cli.model.encodings import ENCODINGS
from exosuit_cli.tokens.counter import IMPLEMENTATIONS, counter_of_few, load_counter
from exosuit_cli.tokens.encodings import TokenTable, token_table

__all__ = ["ENCODINGS", "IMPLEMENTATIONS", "TokenTable", "counter_of_few", "load_counter", "token_table"]
