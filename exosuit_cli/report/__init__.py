"""One result in, one format out: terminal, JSON, JSON lines, manifests."""
