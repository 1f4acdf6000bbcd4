"""A benchmark result in each format."""
