"""One result in, one format out: `report/<subject>/<format>.py`. Nothing is computed here.

Several formats share `console`, `page`, `progress` and `arrow`; `registry` finds the formats that declare themselves.
"""
