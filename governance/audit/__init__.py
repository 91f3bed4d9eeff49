"""Recounting what a federation decided and distributed, from the records of its chain.

`governance.audit.chain` goes through all of it and stops at the first difference. Nothing here
changes state or believes an outcome: what rules have written down is only ever compared with
what follows from ballots, rolls, bylaws, journals and commitments. Reading is through a view
that gives bytes, so a store, a simulator and a test are audited alike.
"""
