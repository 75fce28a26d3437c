"""The library's verbs: read, check, solve, audit, write."""

from __future__ import annotations

import shutil
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siting import resources
from siting.errors import AuditError, InputError, LimitError, Problem, Problems
from siting.model import MODEL_FILE, Model, make_model, read_model
from siting.progress import Progress, ProgressCallback
from siting.wording import did_you_mean, listing
from siting.wording import number as number_in_words
from siting.world import World, check_question, read_world
from siting.world.cache import cached_world, identity_of

if TYPE_CHECKING:
    from siting.case import Case
    from siting.explanation import Explanation
    from siting.plan import AuditReport, Plan
    from siting.report.alternatives import AlternativePlans
    from siting.report.check import CheckReport
    from siting.report.layers import Layers, to_geodataframes
    from siting.report.map import MapPage, draw_map, draw_maps
    from siting.report.summary import WorldSummary
    from siting.report.train import TrainReport, train
    from siting.report.write import write

__all__ = [
    "BundledModel",
    "CheckReport",
    "Layers",
    "MapPage",
    "TrainReport",
    "WorldSummary",
    "alternatives",
    "audit_plan",
    "check",
    "describe_world",
    "draw_map",
    "draw_maps",
    "explain",
    "list_models",
    "new_model",
    "read_model",
    "read_world",
    "redraw",
    "solve",
    "to_geodataframes",
    "train",
    "write",
]

_HOMES = {
    "CheckReport": "siting.report.check",
    "Layers": "siting.report.layers",
    "MapPage": "siting.report.map",
    "TrainReport": "siting.report.train",
    "WorldSummary": "siting.report.summary",
    "draw_map": "siting.report.map",
    "draw_maps": "siting.report.map",
    "to_geodataframes": "siting.report.layers",
    "train": "siting.report.train",
    "write": "siting.report.write",
}


def __getattr__(name: str) -> Any:
    # Each verb imports what it needs when it is called: a solver takes as long to import as a
    # world to read, and most verbs need one of them only.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


MOST_PLANS = 1000
"""So many alternatives are found at the most."""

WIDEST = 10.0
"""By so much an alternative may be worse at the most [1]."""

NOT_COPIED = ("expected.toml",)
"""Files of a bundled model that its copy does without: they are true of the original only."""


@dataclass(frozen=True)
class BundledModel:
    """A model that comes with siting: its name, and one line for people."""

    name: str
    title: str


def solve(
    model: Model | str | Path,
    *,
    world: World | None = None,
    progress: ProgressCallback | None = None,
    interrupted: Callable[[], bool] | None = None,
    since_s: float | None = None,
) -> Plan:
    """Find the best plan, with its proof, and audit it.

    Parameters
    ----------
    model
        A model, or what `read_model` reads: a folder, a file, the name of a bundled model.
    world
        The world to plan on, read for this model's ``[world]``; by default it is read here, or
        taken from the last call when its files and ``[world]`` are the same.
    progress
        Told where the computation stands.
    interrupted
        Asked often during the search; once it says yes, the best plan so far is the answer.
    since_s
        When the reading began, by ``time.perf_counter`` [s]; by default now. The plan's
        ``seconds`` count from here.

    Returns
    -------
    Plan
        A plan that survived the audit.

    Raises
    ------
    InputError
        When the model or the world is wrong.
    InfeasibleError
        When it is proven that there is no plan.
    LimitError
        When a limit was reached, or an interrupt came, before there was any plan.
    SolverError
        When a solver failed, or its plan did not survive the audit.
    """
    tell = progress or (lambda _: None)
    start_s = time.perf_counter() if since_s is None else since_s
    if world is None:
        tell(Progress("reading the world"))
    model, world = _read(model, world)
    loaded_s = time.perf_counter()
    from siting.audit import audit
    from siting.case import build_case
    from siting.distances import reach_of
    from siting.plan import Seconds, plan_from_solution
    from siting.program import solve as solve_program

    tell(Progress("measuring fiber"))
    case = build_case(model, world, reach_of(model, world))
    measured_s = time.perf_counter()
    tell(Progress("solving"))
    try:
        solution = solve_program(
            case, solver=model.solver, progress=progress, interrupted=interrupted
        )
    except LimitError:
        if interrupted is not None and interrupted():
            raise LimitError("stopped before any plan was found; nothing is proven") from None
        raise
    solved_s = time.perf_counter()
    tell(Progress("auditing"))
    plan = plan_from_solution(
        case,
        solution,
        model_name=model.name,
        model_sha256=model.sha256,
        world_name=world.name,
        world_sha256=world.sha256,
    )
    report = audit(case, plan, gap_asked=model.solver.gap)
    seconds = Seconds(
        load=loaded_s - start_s,
        distances=measured_s - loaded_s,
        solve=solved_s - measured_s,
        total=time.perf_counter() - start_s,
    )
    return replace(_on(world, model, plan), audit=report, seconds=seconds)


def _on(world: World, model: Model, plan: Plan) -> Plan:
    """The plan with what it answers, and how its world was read."""
    return replace(
        plan,
        asked=model,
        left_out=world.left_out,
        notices=world.notices,
        drawer=Drawer(world),
    )


def check(model: Model | str | Path, *, world: World | None = None) -> CheckReport:
    """Read and validate everything, and count what was found; solve nothing.

    Parameters
    ----------
    model
        A model, or what `read_model` reads.
    world
        The world; by default the model's.
    """
    from siting.case import build_case
    from siting.distances import reach_of
    from siting.report.check import check_case

    start_s = time.perf_counter()
    model, world = _read(model, world)
    distances = reach_of(model, world)
    case = build_case(model, world, distances)
    return check_case(model, world, distances, case, seconds=time.perf_counter() - start_s)


def explain(
    model: Model | str | Path,
    *,
    world: World | None = None,
    time_limit_s: float | None = None,
    progress: ProgressCallback | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> Explanation:
    """Say why there is no plan and which changes give one, or what binds the best plan.

    Every change was solved and its plan audited; what a limit is worth is the difference between
    two proven answers.

    Parameters
    ----------
    model
        A model, or what `read_model` reads.
    world
        The world; by default the model's.
    time_limit_s
        Time for all that is solved [s]; by default the model's ``solver.time_limit_s``.
    progress, interrupted
        As for `solve`.

    Raises
    ------
    LimitError
        When it was not decided in time whether there is a plan.
    """
    from siting.explanation import explain as explain_model

    if not isinstance(model, Model):
        model = read_model(model)
    if time_limit_s is not None:
        model.replace({"solver.time_limit_s": float(time_limit_s)})  # whether it can be
    model, world = _read(model, world)
    explanation = explain_model(
        model, world, time_limit_s=time_limit_s, progress=progress, interrupted=interrupted
    )
    return replace(explanation, left_out=world.left_out, notices=world.notices)


def alternatives(
    model: Model | str | Path,
    *,
    number: int = 5,
    within: float = 0.03,
    exclude_utilities: Sequence[str] = (),
    exclude_zones: Sequence[str] = (),
    world: World | None = None,
    progress: ProgressCallback | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> AlternativePlans:
    """Find plans within a fraction of the best that differ as much as possible, and audit them.

    Parameters
    ----------
    model
        A model, or what `read_model` reads.
    number
        How many plans, the best included.
    within
        Fraction of the best objective by which a plan may be worse [1].
    exclude_utilities, exclude_zones
        Utilities and zones (those inside them included) that say no: no campus may be theirs.
    world
        The world; by default the model's.
    progress, interrupted
        As for `solve`.

    Raises
    ------
    InputError
        When the model, the world or an option is wrong.
    InfeasibleError, LimitError
        When there is no plan, or none was found in time.
    """
    from siting.audit import audit
    from siting.case import build_case
    from siting.distances import reach_of
    from siting.plan import plan_from_solution
    from siting.program.alternatives import find_alternatives
    from siting.report.alternatives import AlternativePlans

    model, world = _read(model, world)
    case = build_case(model, world, reach_of(model, world))
    problems = Problems()
    if number < 1:
        problems.add("--number", f"is {number}, but at least 1 plan is asked; give 1 or more")
    if number > MOST_PLANS:
        problems.add(
            "--number",
            f"is {number_in_words(number)}, but nobody compares more than {MOST_PLANS:,} plans; "
            "give fewer",
        )
    if not 0 <= within <= WIDEST:
        problems.add(
            "--within",
            f"is {within:g}, but it is a fraction of the best, and what is worse by more than "
            f"{WIDEST:g} times the best is no alternative; give 0 or more, as in 0.03",
        )
    case = _without(case, exclude_utilities, exclude_zones, problems)
    problems.raise_if_any()
    found = find_alternatives(
        case,
        number=number,
        within=within,
        solver=model.solver,
        progress=progress,
        interrupted=interrupted,
    )
    plans = []
    for alternative in found.plans:
        plan = plan_from_solution(
            case,
            alternative.solution,
            model_name=model.name,
            model_sha256=model.sha256,
            world_name=world.name,
            world_sha256=world.sha256,
        )
        report = audit(case, plan, gap_asked=model.solver.gap)
        plans.append(replace(_on(world, model, plan), audit=report))
    return AlternativePlans(
        model_name=model.name,
        sense=case.sense,
        within=within,
        plans=tuple(plans),
        reused=tuple(alternative.reused for alternative in found.plans),
        by=tuple(alternative.by for alternative in found.plans),
        proven=tuple(alternative.proven for alternative in found.plans),
        excluded=(*exclude_utilities, *exclude_zones),
        ended=found.ended,
    )


def _names_like(name: str, known: Sequence[str]) -> str:
    """What may be meant: a name that is like it, or the names that it is a part of."""
    close = did_you_mean(name, known)
    parts = sorted(other for other in set(known) if name.strip().casefold() in other.casefold())
    meant = [close] if close else parts if name.strip() else []
    if not meant:
        return f"there are {len(set(known))} others"
    more = f" or {len(meant) - 3} more" if len(meant) > 3 else ""
    return f"did you mean {' or '.join(repr(other) for other in meant[:3])}{more}?"


def _without(
    case: Case, utilities: Sequence[str], zones: Sequence[str], problems: Problems
) -> Case:
    """The case without the sites of some utilities and zones."""
    import numpy as np

    for option, names, known in (
        ("--exclude-utility", utilities, case.utilities),
        ("--exclude-zone", zones, case.zone_ids),
    ):
        for name in names:
            if name not in known:
                hint = _names_like(name, known)
                problems.add(option, f"'{name}' is not in this world; {hint}")
    of_utility = np.isin(np.array(case.utilities, object), list(utilities))[case.utility]
    of_zone = np.array(
        [any(case.zone_ids[z] in zones for z in case.ancestry[leaf]) for leaf in case.zone],
        np.bool_,
    )
    gone = of_utility | of_zone
    for i in np.flatnonzero(gone & case.required):
        what = f"site '{case.site_ids[i]}' is excluded, but the model requires it; drop one of them"
        problems.add("world.require_sites", what)
    return replace(case, max_mw=np.where(gone, 0.0, case.max_mw))


def audit_plan(
    model: Model | str | Path, plan: Plan | str | Path, *, world: World | None = None
) -> AuditReport:
    """Recheck every limit of a plan, and every number that it states, by arithmetic.

    Parameters
    ----------
    model
        A model, or what `read_model` reads.
    plan
        A plan, the file ``plan.json`` or the folder that holds it.
    world
        The world; by default the model's.

    Raises
    ------
    AuditError
        With every check that failed, by name of the limit and with the values found.
    InputError
        When the file of the plan cannot be read.
    """
    from siting.audit import audit
    from siting.case import build_case
    from siting.distances import reach_of
    from siting.plan import Plan
    from siting.report.read import read_plan

    model, world = _read(model, world)
    case = build_case(model, world, reach_of(model, world))
    if not isinstance(plan, Plan):
        plan = read_plan(plan, case)
    try:
        return audit(case, plan, gap_asked=model.solver.gap)
    except AuditError as error:
        # Whoever gives the wrong model reads this first of many failures.
        if (plan.model_sha256, plan.world_sha256) != (model.sha256, world.sha256):
            error.add_note(
                f"the plan was made from another model or world: '{plan.model_name}' on "
                f"'{plan.world_name}', not '{model.name}' on '{world.name}' as they are now; give "
                "the model that it was solved with, and the same --set"
            )
        raise


@dataclass(frozen=True, eq=False)
class Drawer:
    """Draws the map of a plan on the world that it was solved on.

    A copy of a plan that goes to another process or to a file leaves the world behind.
    """

    world: World

    def __call__(self, plan: Plan) -> MapPage:
        """Draw a plan's map."""
        from siting.report.map import draw_map

        return draw_map(plan, self.world)

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        return type(None), ()


def redraw(
    folder: str | Path,
    *,
    model: Model | str | Path | None = None,
    world: World | None = None,
) -> Path:
    """Draw the map of a solved folder again.

    Parameters
    ----------
    folder
        A folder that ``siting solve --out`` wrote.
    model
        What it was solved with: a model, or what `read_model` reads. Without it, what the earlier
        map shows around the plan is kept; where there is none, the GeoJSON files are all.
    world
        The world; by default the model's.

    Returns
    -------
    Path
        The file, as an absolute path.

    Raises
    ------
    InputError
        When a file of the folder is missing or wrong, or the model or world is not the plan's.
    """
    from siting.report.map import redraw_map
    from siting.report.write import write_map

    if model is not None:
        model, world = _read(model, world)
    return write_map(redraw_map(folder, world=world, model=model), folder)


def describe_world(name: str | Path = "us") -> WorldSummary:
    """Count what a world holds, and say where its content comes from.

    Parameters
    ----------
    name
        A bundled world, or a folder of tables.
    """
    from siting.report.summary import summarise

    everything = {
        "schema": 1,
        "name": str(name),
        "world": {"base": str(name), "min_kv": 0},
        "cluster": {"target_mw": 1000, "min_campuses": 1},
    }
    return summarise(read_world(make_model(everything, where=f"world '{name}'")))


def list_models() -> tuple[BundledModel, ...]:
    """The bundled models, sorted by name."""
    models = []
    for name in resources.bundled_models():
        text = (resources.models_folder() / name / MODEL_FILE).read_text(encoding="utf-8")
        models.append(BundledModel(name, str(tomllib.loads(text).get("title", ""))))
    return tuple(models)


def new_model(name: str, folder: str | Path) -> Path:
    """Copy a bundled model, to edit.

    Parameters
    ----------
    name
        Name of a bundled model.
    folder
        Where to; it must be empty or not exist.

    Returns
    -------
    Path
        The folder, as an absolute path.

    Raises
    ------
    InputError
        When there is no such model, or the folder is not empty.
    """
    known = resources.bundled_models()
    if name not in known:
        close = did_you_mean(name, known)
        hint = f"did you mean {close}?" if close else f"the bundled models are {listing(known)}"
        raise InputError([Problem(f"model '{name}'", f"is no bundled model; {hint}")])
    target = Path(folder).expanduser().resolve()
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        what = "is there already and not empty; name a folder that is not there yet"
        raise InputError([Problem(f"folder {folder}", what)])
    target.parent.mkdir(parents=True, exist_ok=True)
    from siting.report.hidden import hidden_beside

    with hidden_beside(target) as hidden:
        fresh = hidden / target.name
        original = resources.models_folder() / name
        for file in sorted(original.rglob("*")):
            if file.is_file() and file.name not in NOT_COPIED:
                copy = fresh / file.relative_to(original)
                copy.parent.mkdir(parents=True, exist_ok=True)
                # Contents only: an installed package may be read-only, a copy to edit is not.
                shutil.copyfile(file, copy)
        if target.exists():
            target.rmdir()
        fresh.rename(target)
    return target


_last: tuple[object, World] | None = None
"""The world that was read last by `_read`, and what it was read from and for."""


def _read(model: Model | str | Path, world: World | None) -> tuple[Model, World]:
    """The model and its world; the world of the last call where it would be the same again.

    Whoever studies one model with many targets reads its world once. That world is handed to
    nobody, so nobody can have changed its tables.
    """
    global _last  # noqa: PLW0603 -- one slot of memory, for the whole process
    if not isinstance(model, Model):
        model = read_model(model)
    if world is not None:
        check_question(model, world)
        return model, world
    identity = identity_of(model)
    if _last is not None and identity is not None and _last[0] == identity:
        world = _last[1]
        check_question(model, world)
        return model, world
    world = cached_world(model, identity)
    if identity is not None:
        _last = (identity, world)
    return model, world
