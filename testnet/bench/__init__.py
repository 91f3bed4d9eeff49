"""Benchmarks: figures that anybody can repeat on their own machine with one command.

Everything is measured from outside, on the processes that a node runs: the engine's own
binary, `node.processes ledger`, real signatures, LevelDB on disk. What cannot be measured is
said to be so and never filled in. No test: a figure that falls short fails nothing.
"""
