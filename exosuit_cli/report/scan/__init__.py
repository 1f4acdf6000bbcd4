"""A scan result in each format."""
