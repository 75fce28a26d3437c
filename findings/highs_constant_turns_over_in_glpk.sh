#!/usr/bin/env bash
# HiGHS (highspy 1.16.0) and GLPK 5.0 (swiglpk 5.0.13).
#
# Belief: a model that HiGHS writes as MPS has the same objective in GLPK, fixed costs included.
#
# Behaviour: HiGHS writes a fixed cost of 100 as the right-hand side -100 of the objective's row,
# as most solvers do, and GLPK takes that number as it stands: the fixed cost is subtracted. The
# optimum of 105 comes out as -95, both called optimal, and nothing is said.
#
# Where it matters: fixed costs of a site (land, interconnection) that every plan pays. The plan is
# the same but its price is off by twice the fixed cost, and sums over models solved apart go
# wrong.
#
# Output seen:
#   HiGHS 105.0  HiGHS from the file 105.0  GLPK from the file -95.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet highspy==1.16.0 swiglpk==5.0.13
cd "$work"
"$work/venv/bin/python" - <<'PY'
import highspy
import swiglpk as glpk


def run_highs(name):
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.readModel(name)
    model.run()
    status = model.modelStatusToString(model.getModelStatus())
    return model.getInfo().objective_function_value if status == "Optimal" else status


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
model = highspy.Highs()
model.setOptionValue("output_flag", False)
model.addVariable(lb=5, obj=1)
model.changeObjectiveOffset(100)
model.run()
model.writeModel("fixed.mps")
direct = model.getInfo().objective_function_value
again, other = run_highs("fixed.mps"), run_glpk("fixed.mps", read_mps)
print("HiGHS", direct, " HiGHS from the file", again, " GLPK from the file", other)
assert direct == again == 105, "changed: HiGHS itself sees another objective"
assert other == -95, "changed: GLPK no longer subtracts the constant"
print("as described")
PY
