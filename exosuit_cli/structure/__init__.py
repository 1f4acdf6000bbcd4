"""Where a text may be cut, and what it defines, by the looks of its lines: code, prose and markup, without a parser."""
