"""The report of a pack, by format."""
