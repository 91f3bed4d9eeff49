"""The value that a cooperative makes, and who gets what of it.

Books in double entry, the close of a period, the vote on the split, pools and shares,
contributions, needs that stay private, and the netting between cooperatives. Pure and
integer-only, like all of `governance`: money in minor units (`_minor`), parts in basis points
(`_bps`) or thousandths (`_permille`). It never moves money: banks do, from files that
`node.settlement` writes.
"""
