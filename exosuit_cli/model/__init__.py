"""The words everything else is written in: records, protocols and the error tree; standard library and numpy only."""
