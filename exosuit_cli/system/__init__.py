"""The border to the operating system: safe opens, byte-path names, atomic writes, directories, signals, memory readings."""
