"""Sources that are no directory here: archives and repositories elsewhere, brought into a private folder of the cache.

Nothing of a source is run or leaves that folder. What was not brought whole is never used.
"""
