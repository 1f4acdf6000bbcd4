"""The names that lines define, by kinds of language: `many_*` read many lines by arrays, the others one line."""
