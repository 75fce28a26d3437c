#!/usr/bin/env bash
# SCIP (pyscipopt 6.3.0) and CBC 2.10.3 (in PuLP 3.3.2).
#
# Belief: a model with an if-then row ("if the line is built, at most 5 MW") that SCIP writes as LP
# is either read as such by another solver or refused.
#
# Behaviour: CBC takes the arrow "->" for the name of a variable, notes "invalid column names"
# among its lines, renames all columns to x0, x1, ... and solves what is left: 20 MW instead of 5,
# "Optimal", exit code 0.
#
# Where it matters: build-or-not rules are most of a siting model. The limit is gone, and a caller
# who looks at exit code and status sees a plan.
#
# Output seen:
#   SCIP 5.0  CBC Optimal - objective value 20.00000000 ['x0', 'x1', 'x2']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pulp==3.3.2 pyscipopt==6.3.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import subprocess

import pulp
import pyscipopt


def run_cbc(name):
    command = [pulp.PULP_CBC_CMD().path, name, "solve", "solution", "answer.txt"]
    subprocess.run(command, check=True, capture_output=True)
    with open("answer.txt") as file:
        status, *rows = file.read().splitlines()
    return status, [row.split()[1] for row in rows]


model = pyscipopt.Model()
model.hideOutput()
built = model.addVar("built", vtype="B")
mw = model.addVar("mw", ub=20)
model.addConsIndicator(mw <= 5, built, name="limit")
model.addCons(built >= 1, name="must")
model.setObjective(mw, "maximize")
model.writeProblem("line.lp", verbose=False)
model.optimize()
status, columns = run_cbc("line.lp")
print("SCIP", model.getObjVal(), " CBC", status, columns)
assert model.getObjVal() == 5, "changed: SCIP itself sees another optimum"
assert status.startswith("Optimal") and float(status.rsplit(maxsplit=1)[1]) == 20, "changed: CBC no longer finds 20"
assert columns == ["x0", "x1", "x2"], "changed: CBC keeps the columns' names"
print("as described")
PY
