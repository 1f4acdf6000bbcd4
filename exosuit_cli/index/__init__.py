"""What the last scan knew of a tree, and what changed since."""
