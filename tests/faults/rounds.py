"""How long the tests of faults go on: a little in `make test`, for hours in `make soak`.

`FAULT_ROUNDS` is how often processes are killed at random, and what other tests derive their
rounds from; `FAULT_SEED` repeats the choices of an earlier run.
"""

import os
import random

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "4"))
SEED = int(os.environ.get("FAULT_SEED", "0")) or random.SystemRandom().getrandbits(32)
SAID = f"FAULT_SEED={SEED} FAULT_ROUNDS={ROUNDS}"
"""To be printed: it is shown when a test fails."""
