"""The devices of a machine in each format."""
