"""exosuit ingests source repositories for large language models: exact tokens, digests, a complete ledger."""

__version__ = "0.1.0"
