"""One typed request in, one outcome out, for every front; nothing here touches a terminal or argv.

A front makes a request (`requests`), gives it to `run_scan`, `run_chunk`, `run_text` or `show_settings`, and shows the
outcome: it holds the warnings and errors in words, and the exit code that a process would answer with.
"""
