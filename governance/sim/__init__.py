"""The simulator: years of a cooperative's decisions in a minute, under the rules themselves.

Members, a bloc and sybils are made up from a seed; what comes of what they do is decided by
`governance.machine` alone, block by block, on state in memory. No rule is written twice here.
Reading scenarios from disk and drawing reports is `node`'s matter.
"""
