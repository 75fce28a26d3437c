#!/usr/bin/env bash
# PuLP 3.3.2 with its CBC 2.10.3, HiGHS (highspy 1.16.0) and SCIP (pyscipopt 6.3.0).
#
# Belief: "Infeasible" from a solver means that no plan satisfies the rows; an unbounded objective
# is told apart as "Unbounded", and switching the solver does not change which of the two it is.
#
# Behaviour: HiGHS's presolve stops at "unbounded or infeasible" for a model with integers, and
# PuLP turns that into Infeasible, "No Solution Exists". The same model without integers is
# Unbounded, and with CBC and SCIP it is Unbounded either way.
#
# Where it matters: a revenue without its limit (a forgotten cap on megawatts) is reported as "no
# site can satisfy your constraints", and one hunts for a constraint that is too tight when one is
# missing.
#
# Output seen:
#   continuous  CBC Unbounded  HiGHS Unbounded   SCIP Unbounded
#   integer     CBC Unbounded  HiGHS Infeasible  SCIP Unbounded
#   HiGHS itself: Primal infeasible or unbounded
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pulp==3.3.2 highspy==1.16.0 pyscipopt==6.3.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import highspy
import pulp

print("PuLP", pulp.__version__)
SOLVERS = {"CBC": pulp.PULP_CBC_CMD, "HiGHS": pulp.HiGHS, "SCIP": pulp.SCIP_PY}


def name_status(solver, category):
    model = pulp.LpProblem("campus", pulp.LpMaximize)
    halls = pulp.LpVariable("halls", 0, cat=category)
    model += halls
    model += halls >= 2
    model.solve(solver(msg=0))
    return pulp.LpStatus[model.status], getattr(model, "solverModel", None)


for category in ("Continuous", "Integer"):
    seen = {name: name_status(solver, category) for name, solver in SOLVERS.items()}
    print(category, {name: status for name, (status, _) in seen.items()})
    for name, (status, inner) in seen.items():
        wrong = name == "HiGHS" and category == "Integer"
        expected = "Infeasible" if wrong else "Unbounded"
        assert status == expected, f"changed: {name} says {status} of the {category} model"
        if wrong:
            print("HiGHS itself:", inner.modelStatusToString(inner.getModelStatus()))
            assert inner.getModelStatus() == highspy.HighsModelStatus.kUnboundedOrInfeasible, "changed: HiGHS's status"
print("as described")
PY
