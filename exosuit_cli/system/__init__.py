"""The border to the operating system: safe opens, names, atomic writes, directories, signals, readings."""
