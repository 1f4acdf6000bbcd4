"""Carriers of batches behind one protocol: in this process, or in worker processes that are watched and replaced."""
