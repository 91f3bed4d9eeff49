"""The figures that the rules are judged by, and what each is held against."""

from testnet.bench.figures import Figure

STV_S = Figure(
    key="stv_100k_s",
    title="recount of 100,000 STV ballots (20 candidates, 9 seats), file parsed",
    at_least=2,
    aim=1,
    unit="s",
    decimals=2,
)
APPLY_PER_S = Figure(
    key="apply_per_s",
    title="ballots applied per second by the rules alone",
    at_least=25_000,
    aim=50_000,
    unit="/s",
    is_more_better=True,
)
END_BLOCK_GROWTH = Figure(
    key="end_block_growth",
    title="a block's begin and end with 100,000 open deadlines ÷ with 10",
    at_least=1.5,
    aim=1.2,
    decimals=2,
)

GOVERNANCE_FIGURES = (STV_S, APPLY_PER_S, END_BLOCK_GROWTH)
"""In the order of the table."""
