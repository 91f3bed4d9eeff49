"""Limits, settings types and error roots: what every other folder may rely on.

Nothing here reads a file, a clock or the environment.
"""
