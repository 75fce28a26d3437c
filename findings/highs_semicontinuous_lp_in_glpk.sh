#!/usr/bin/env bash
# HiGHS (highspy 1.16.0) and GLPK 5.0 (swiglpk 5.0.13).
#
# Belief: an LP file with a kind of variable that a solver does not know (semi-continuous: either 0
# or between 10 and 50) is refused by that solver.
#
# Behaviour: HiGHS heads the list with the short word "semi", and GLPK, which knows no such
# section, takes "semi" for the name of one more integer variable and the variables listed below
# for integers, too. What may be 0 in HiGHS must be at least 10 in GLPK, in whole steps: an optimum
# of 10 instead of 9, no warning.
#
# Where it matters: plants and feeders that run at least at their minimum load or not at all. In
# the other solver they can never be off, and a variable that nobody wrote stands in the model.
#
# Output seen:
#   HiGHS 8.999999  HiGHS from the file 8.999999  GLPK from the file 10.0
#   columns in GLPK: ['c0', 'c1', 'semi']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet highspy==1.16.0 swiglpk==5.0.13
cd "$work"
"$work/venv/bin/python" - <<'PY'
import highspy
import numpy
import swiglpk as glpk


def run_highs(name):
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.readModel(name)
    model.run()
    status = model.modelStatusToString(model.getModelStatus())
    return model.getInfo().objective_function_value if status == "Optimal" else status


def run_glpk(name):
    glpk.glp_term_out(glpk.GLP_OFF)
    model = glpk.glp_create_prob()
    assert glpk.glp_read_lp(model, None, name) == 0, "changed: GLPK refuses the file"
    options = glpk.glp_iocp()
    glpk.glp_init_iocp(options)
    options.presolve = glpk.GLP_ON
    assert glpk.glp_intopt(model, options) == 0, "changed: GLPK does not solve the model"
    columns = [glpk.glp_get_col_name(model, i + 1) for i in range(glpk.glp_get_num_cols(model))]
    return glpk.glp_mip_obj_val(model), columns


print("GLPK", glpk.glp_version())
model = highspy.Highs()
model.setOptionValue("output_flag", False)
model.addVar(10, 50)
model.changeColIntegrality(0, highspy.HighsVarType.kSemiContinuous)
model.addVar(0, 50)
model.changeColCost(0, 1.0)
model.changeColCost(1, 3.0)
model.addRow(3, highspy.kHighsInf, 2, numpy.array([0, 1]), numpy.array([1.0, 1.0]))
model.run()
model.writeModel("plants.lp")
direct, again = model.getInfo().objective_function_value, run_highs("plants.lp")
other, columns = run_glpk("plants.lp")
print("HiGHS", direct, " HiGHS from the file", again, " GLPK from the file", other)
print("columns in GLPK:", columns)
assert max(abs(direct - 9), abs(again - 9)) < 1e-4, "changed: HiGHS itself sees another optimum"
assert other == 10 and "semi" in columns, "changed: GLPK reads the section otherwise"
print("as described")
PY
