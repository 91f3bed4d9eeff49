"""Wiring: settings, keys, processes, routes, pages and commands of one node.

The only folder where the two towers meet, and the only one with a settings file, a clock and
sockets of its own. Holds no rule.
"""
