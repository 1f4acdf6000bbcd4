"""A profile for a person, for a program, and for the viewers of traces."""
