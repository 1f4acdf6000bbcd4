"""Reads entries safely into slabs: bounded memory, no block of Python objects a file, every failure an outcome."""

from exosuit_cli.read.reader import FilledSlab, LargeFile, ReadStat, SlabReader

__all__ = ["FilledSlab", "LargeFile", "ReadStat", "SlabReader"]
