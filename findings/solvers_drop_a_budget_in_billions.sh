#!/usr/bin/env bash
# PuLP 3.3.2 with its CBC 2.10.3, HiGHS (highspy 1.16.0) and SCIP (pyscipopt 6.3.0).
#
# Belief: a row in billions of dollars over a variable in dollars, 1e-9 * spend <= 2, holds
# spending to 2 billion. Poor scaling may cost digits, but the row is either kept or refused.
#
# Behaviour: through PuLP, HiGHS and SCIP take a coefficient of 1e-9 or less for zero and drop it;
# the row becomes 0 <= 2, and the optimum spends all 50 billion that the variable may, status
# "Optimal", no word of it. CBC holds to 2 billion. A thousandth of a per cent more (1.00001e-9)
# and all three hold to it.
#
# Where it matters: 1e-9 is exactly the factor from dollars to billions, from W to GW and from Wh
# to GWh. Budgets and power limits vanish with one solver and not with another.
#
# Output seen:
#   1e-09        CBC 2000000000.0  HiGHS 50000000000.0  SCIP 50000000000.0
#   1.00001e-09  CBC 1999980000.0  HiGHS 1999980000.2  SCIP 1999980000.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pulp==3.3.2 highspy==1.16.0 pyscipopt==6.3.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pulp

print("PuLP", pulp.__version__)
SOLVERS = {"CBC": pulp.PULP_CBC_CMD, "HiGHS": pulp.HiGHS, "SCIP": pulp.SCIP_PY}


def spend_most(solver, billions_per_dollar):
    model = pulp.LpProblem("campus", pulp.LpMaximize)
    spend = pulp.LpVariable("spend_usd", 0, 50e9)
    model += spend
    model += billions_per_dollar * spend <= 2, "budget_billion_usd"
    model.solve(solver(msg=0))
    assert pulp.LpStatus[model.status] == "Optimal", "changed: the status is no longer Optimal"
    return spend.value()


for factor, dropped in ((1e-9, {"HiGHS", "SCIP"}), (1.00001e-9, set())):
    spent = {name: spend_most(solver, factor) for name, solver in SOLVERS.items()}
    print(f"{factor:<12g}", spent)
    for name, usd in spent.items():
        expected = 50e9 if name in dropped else 2 / factor
        assert abs(usd - expected) < 1e6, f"changed: {name} with {factor} spends {usd}, not about {expected}"
print("as described")
PY
