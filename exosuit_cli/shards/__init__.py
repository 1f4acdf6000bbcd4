"""One batch of files in, its rows and chunks out: pure and picklable. Nothing is forked, printed or written."""
