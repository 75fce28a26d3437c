#!/usr/bin/env bash
# PuLP 3.3.2 with its CBC 2.10.3, HiGHS (highspy 1.16.0) and SCIP (pyscipopt 6.3.0).
#
# Belief: a model in MPS, the oldest and best kept exchange format of optimizers, means the same to
# every solver. A variable that has only an upper bound keeps its usual lower bound of 0.
#
# Behaviour: if that upper bound is negative (-10), CBC lets the lower bound go to minus infinity
# and finds an optimum of -50; HiGHS and SCIP keep 0 and call the same file infeasible.
#
# Where it matters: exports, discharge and net imports written as negative quantities. A plan that
# one solver prices is impossible with the other, and neither says how it read the bound.
#
# Output seen:
#   HiGHS Infeasible  SCIP infeasible  CBC -50.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pulp==3.3.2 highspy==1.16.0 pyscipopt==6.3.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import subprocess

import highspy
import pulp
import pyscipopt

FILE = """NAME          exports
ROWS
 N  cost
 G  least
COLUMNS
    export    cost            1.0   least           1.0
RHS
    RHS       least         -50.0
BOUNDS
 UP BND       export        -10.0
ENDATA
"""


def run_highs(name):
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.readModel(name)
    model.run()
    status = model.modelStatusToString(model.getModelStatus())
    return model.getInfo().objective_function_value if status == "Optimal" else status


def run_scip(name):
    model = pyscipopt.Model()
    model.hideOutput()
    model.readProblem(name)
    model.optimize()
    return model.getObjVal() if model.getStatus() == "optimal" else model.getStatus()


def run_cbc(name):
    command = [pulp.PULP_CBC_CMD().path, name, "solve", "solution", "answer.txt"]
    subprocess.run(command, check=True, capture_output=True)
    with open("answer.txt") as file:
        return float(file.readline().rsplit(maxsplit=1)[1])


with open("exports.mps", "w") as file:
    file.write(FILE)
highs, scip, cbc = run_highs("exports.mps"), run_scip("exports.mps"), run_cbc("exports.mps")
print("HiGHS", highs, " SCIP", scip, " CBC", cbc)
assert highs == "Infeasible", "changed: HiGHS no longer keeps the lower bound 0"
assert scip == "infeasible", "changed: SCIP no longer keeps the lower bound 0"
assert cbc == -50, "changed: CBC no longer lowers the lower bound"
print("as described")
PY
