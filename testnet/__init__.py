"""Federations on one machine: manifests, starting and killing nodes, the story.

Stands above everything else: it drives nodes the way operators and members do, through
commands and HTTP, and holds no rule of its own.
"""
