"""Benchmarks that know their own noise: whole processes in pairs, intervals, gates, verdicts, history."""
