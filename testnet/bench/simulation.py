"""How long the simulator takes for ten years of a cooperative with 2,500 members."""

import time

from governance.sim.report import simulate
from node.chain import load_bylaws
from node.simulation_files import load_scenario
from testnet.bench.figures import Figure, Measured, not_measured

SCENARIO = "ten-years"
_BYLAWS = "patient-group"

SIMULATION = Figure(
    key="sim_10y_2500_s",
    title="ten simulated years of 2,500 members: 40 proposals and an election a year, 40 % vote",
    at_least=60,
    aim=None,
    unit="s",
    decimals=1,
)


def measure_simulation(*, is_quick: bool) -> Measured:
    """Run the example scenario once, as `rochdale governance simulate ten-years` does."""
    if is_quick:
        return not_measured("it takes about half a minute, which a quick run does not have")
    scenario, bylaws = load_scenario(SCENARIO), load_bylaws(_BYLAWS)
    began = time.perf_counter()
    report = simulate(scenario, bylaws, name=_BYLAWS)
    seconds = time.perf_counter() - began
    chain = report["chain"]
    return Measured(
        value=seconds,
        note=f"once; {chain['ballots']:,} ballots in {chain['blocks']:,} blocks, with the report",
    )
