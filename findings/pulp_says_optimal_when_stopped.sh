#!/usr/bin/env bash
# PuLP 3.3.2 with its CBC 2.10.3, HiGHS (highspy 1.16.0) and SCIP (pyscipopt 6.3.0).
#
# Belief: LpStatus "Optimal" means that the optimum was proved (to the gap), and a solver stopped
# by its limit gives another status, "Not Solved" or the like.
#
# Behaviour: when a limit stops the search with any plan at hand, status is 1, "Optimal", with all
# three solvers, whatever the gap. Only a second number, sol_status (2 instead of 1), says so.
# Below, 40 numbers are split in halves four times at once, and the runs stop at once with
# "optimal" objectives of 2, 6 and 30.
#
# Where it matters: plans of billions compared by their cost. A script that checks the status, as
# the examples do, takes the first plan found for the best.
#
# Output seen (the objectives of the stopped runs vary with the machine): CBC stopped: Optimal
# sol_status 2 objective 6 HiGHS stopped: Optimal sol_status 2 objective 2 SCIP stopped: Optimal
# sol_status 2 objective 30 a small model run to the end: Optimal sol_status 1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pulp==3.3.2 highspy==1.16.0 pyscipopt==6.3.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import random

import pulp

print("PuLP", pulp.__version__)


def make_model(size):
    rng = random.Random(1)
    model = pulp.LpProblem("split", pulp.LpMinimize)
    chosen = [pulp.LpVariable(f"x{i}", cat="Binary") for i in range(size)]
    over = [pulp.LpVariable(f"over{j}", 0) for j in range(4)]
    under = [pulp.LpVariable(f"under{j}", 0) for j in range(4)]
    model += pulp.lpSum(over + under)
    for j in range(4):
        weights = [rng.randrange(100) for _ in range(size)]
        model += pulp.lpDot(weights, chosen) + under[j] - over[j] == sum(weights) // 2
    return model


def solve(model, solver):
    model.solve(solver)
    return pulp.LpStatus[model.status], model.sol_status, pulp.value(model.objective)


stops = {
    "CBC": pulp.PULP_CBC_CMD(msg=0, maxNodes=5),
    "HiGHS": pulp.HiGHS(msg=0, timeLimit=1),
    "SCIP": pulp.SCIP_PY(msg=0, maxNodes=1),
}
for name, solver in stops.items():
    status, quality, objective = solve(make_model(40), solver)
    print(f"{name:5} stopped: {status} sol_status {quality} objective {objective:g}")
    assert quality == pulp.LpSolutionIntegerFeasible, f"changed: {name} was not stopped with a plan at hand"
    assert status == "Optimal", f"changed: {name}'s status is {status} when it was stopped"
status, quality, objective = solve(make_model(8), pulp.HiGHS(msg=0))
print(f"a small model run to the end: {status} sol_status {quality}")
assert (status, quality) == ("Optimal", pulp.LpSolutionOptimal), "changed: a model run to its end"
print("as described")
PY
