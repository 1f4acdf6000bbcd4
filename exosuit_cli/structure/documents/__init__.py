"""Where prose and markup may be cut, by their blocks: Markdown, reST, HTML and its kin, LaTeX, underlined titles."""
