"""The stored runs of `exosuit bench` in each format."""
