"""A profile: when each process did what, who waited for whom, and what would help."""
