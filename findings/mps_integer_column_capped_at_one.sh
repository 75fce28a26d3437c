#!/usr/bin/env bash
# HiGHS (highspy 1.16.0), SCIP (pyscipopt 6.3.0) and GLPK 5.0 (swiglpk 5.0.13).
#
# Belief: an integer column of an MPS file without an upper bound has none, like any other column,
# and a lower bound of 0, which is what it has anyway, changes nothing.
#
# Behaviour: an integer column without bounds is binary: all three solvers build at most 1. Writing
# out the lower bound 0 takes the cap away in HiGHS and SCIP (5), but not in GLPK (still 1).
#
# Where it matters: counts of halls, transformers or fiber pairs. The file that one tool wrote
# builds five halls, the same one built one, and both are "optimal".
#
# Output seen:
#   no bound:       HiGHS 1  SCIP 1  GLPK 1
#   lower bound 0:  HiGHS 5  SCIP 5  GLPK 1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet highspy==1.16.0 pyscipopt==6.3.0 swiglpk==5.0.13
cd "$work"
"$work/venv/bin/python" - <<'PY'
import highspy
import pyscipopt
import swiglpk as glpk

FILE = """NAME          halls
ROWS
 N  gain
 L  land
COLUMNS
    M1        'MARKER'                 'INTORG'
    halls     gain           -1.0   land            1.0
    M2        'MARKER'                 'INTEND'
RHS
    RHS       land            5.0
{bounds}ENDATA
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


def run_glpk(name, read):
    glpk.glp_term_out(glpk.GLP_OFF)
    model = glpk.glp_create_prob()
    assert read(model, name) == 0, "changed: GLPK refuses the file"
    options = glpk.glp_iocp()
    glpk.glp_init_iocp(options)
    options.presolve = glpk.GLP_ON
    assert glpk.glp_intopt(model, options) == 0, "changed: GLPK does not solve the model"
    return glpk.glp_mip_obj_val(model)


def read_mps(model, name):
    return glpk.glp_read_mps(model, glpk.GLP_MPS_FILE, None, name)


print("GLPK", glpk.glp_version())
cases = {"no bound": ("", 1), "lower bound 0": ("BOUNDS\n LO BND       halls           0.0\n", 5)}
for case, (bounds, expected) in cases.items():
    with open("halls.mps", "w") as file:
        file.write(FILE.format(bounds=bounds))
    halls = {"HiGHS": -run_highs("halls.mps"), "SCIP": -run_scip("halls.mps"), "GLPK": -run_glpk("halls.mps", read_mps)}
    print(f"{case}:", halls)
    assert halls == {"HiGHS": expected, "SCIP": expected, "GLPK": 1}, f"changed: halls built with {case}"
print("as described")
PY
