"""The manual in each format: its tables in Markdown, its pages on a terminal or as they are."""
