"""Resolving DIDs: what each method says a DID's document is, without fetching anything.

A method's module reads what the caller brings (a DID alone, a document, a log) and answers
with a `Resolution` or a `ResolutionError`. Fetching, caching and the choice among methods are
the node's (`node.web.did_resolver`).
"""
