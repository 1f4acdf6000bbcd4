"""Answers to questions, outlines and related code in every format."""
