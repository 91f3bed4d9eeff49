"""The commands of `rochdale`, one file per group.

Each imports what it needs when it runs, so that the command line answers at once.
"""
