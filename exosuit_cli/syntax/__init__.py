"""Where a text may be cut, and what it defines, by its syntax tree: the grammars, and the process that parses."""
