"""The command line: parse, call, print.

Results go to stdout; progress and errors to stderr. Heavy imports wait for their command, so that
``siting --help`` answers at once.
"""

from __future__ import annotations

import gc
import math
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from json import dumps
from pathlib import Path
from types import FrameType, TracebackType
from typing import Annotated, Self

import typer

from siting.errors import InfeasibleError, SitingError

EXIT_FAULT = 1
EXIT_INTERRUPTED = 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Find where a training cluster can live on the grid, and prove how good the answer is.",
    epilog=(
        "Exit codes: 0 a plan, 2 bad input or usage, 3 proven infeasible, "
        "4 a limit was reached before any plan, 1 a fault of the program."
    ),
)

ModelArgument = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="A model's folder, its file, or a bundled model's name."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the model, as in cluster.target_mw=8000 or 8GW; may be repeated.",
    ),
]


def _amount(
    unit: str, *, least: float = -math.inf, most: float = math.inf
) -> Callable[[str | float], float]:
    """A reader of numbers that may have a unit, such as 10min or 3%."""

    def read(given: str | float) -> float:
        from siting.model.quantities import amount_in

        try:
            value = amount_in(str(given), unit)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        if math.isnan(value) and not math.isinf(least):
            raise typer.BadParameter(f"{given} is no number.")
        if value < least:
            raise typer.BadParameter(f"{given} is not in the range x>={least:g}.")
        if value > most:
            raise typer.BadParameter(f"{given} is not in the range x<={most:g}.")
        return value

    return read


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        What follows the program's name; by default those of this process.

    Returns
    -------
    int
        The exit code: 0 a plan (or what else was asked), 2 bad input or usage, 3 proven
        infeasible, 4 a limit was reached before any plan, 1 a fault, 130 interrupted.
    """
    # A run makes few cycles of objects and ends soon: to look for them after each 700 new objects
    # takes a tenth of the time of reading a world.
    gc.set_threshold(100_000)
    command = typer.main.get_command(app)
    words = list(sys.argv[1:] if arguments is None else arguments)
    _make_writable_in_any_encoding()
    try:
        with command.make_context("siting", words) as context:
            command.invoke(context)
        sys.stdout.flush()
    except SitingError as error:
        return _report_error(error, error.exit_code)
    except KeyboardInterrupt:
        _complain("siting: interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader has all it wants; what Python flushes at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 -- the last line of defence: a user sees no traceback
        return _report_error(error, EXIT_FAULT)
    return 0


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=lambda wanted: _print_version() if wanted else None,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    pass


@app.command()
def solve(
    model: ModelArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Write plan.json, GeoJSON and the map into this folder."
        ),
    ] = None,
    set_: SetOption = None,
    solver: Annotated[
        str | None,
        typer.Option("--solver", metavar="NAME", help="highs, cbc, scip or any that PuLP finds."),
    ] = None,
    gap: Annotated[
        float | None,
        typer.Option(
            "--gap",
            metavar="F",
            parser=_amount("0-1"),
            help="Relative gap at which a plan is optimal, as in 0.001 or 0.1% [0-1].",
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit",
            metavar="S",
            parser=_amount("s"),
            help="Stop after this long, as in 600 or 10min [s].",
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="Threads to use; 0 for all.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print plan.json alone on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Solve a model, audit the plan, print it, and write it with --out."""
    start_s = time.perf_counter()
    from siting import api
    from siting.report import progress, text
    from siting.report.folder import check_folder

    if out is not None:
        check_folder(out)  # before a long solve, not after it
    options = {
        "solver.name": solver,
        "solver.gap": gap,
        "solver.time_limit_s": time_limit,
        "solver.threads": threads,
    }
    changes = _changes(set_) | {key: value for key, value in options.items() if value is not None}
    asked = api.read_model(model, set=changes)
    with (
        progress.show_progress(asked.objective.sense, quiet=quiet) as show,
        Interrupt() as interrupted,
    ):
        world = api.read_world(asked)
        try:
            plan = api.solve(
                asked, world=world, progress=show, interrupted=interrupted, since_s=start_s
            )
        except InfeasibleError as error:
            for line in text.describe_reading(world.left_out, world.notices):
                error.add_note(line)
            again = ["siting", "explain", model, *(f"--set={change}" for change in set_ or ())]
            error.add_note(f"the smallest changes that give a plan: {shlex.join(again)}")
            raise
    try:
        # Written first: a reader that closes the pipe early must not cost the files.
        folder = None if out is None else api.write(plan, world, out)
    finally:
        if json:
            from siting.report.write import to_json

            _print_utf8(to_json(plan))
        else:
            typer.echo(text.describe_plan(plan, model=asked, caveat=world.caveat))
    if folder is not None:
        typer.echo(("" if json else "\n") + text.describe_files(folder), err=json)


@app.command()
def check(
    model: ModelArgument,
    set_: SetOption = None,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            metavar="NAME",
            help="Print the first rows of sites, zones, fiber or supply as they were understood.",
        ),
    ] = None,
) -> None:
    """Read and validate a model and its world, and say what they hold; solve nothing."""
    from siting import api
    from siting.report import text

    asked = api.read_model(model, set=_changes(set_))
    if table is None:
        typer.echo(text.describe_check(api.check(asked)))
        return
    held = ("zones", "sites", "fiber", "supply")
    if table not in held:
        raise typer.BadParameter(
            f"'{table}' is no table; the tables are {', '.join(held)}", param_hint="--table"
        )
    world = api.read_world(asked)
    typer.echo(text.describe_table(table, world))


@app.command()
def explain(
    model: ModelArgument,
    set_: SetOption = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit",
            metavar="S",
            parser=_amount("s", least=0.001, most=1e7),
            help="Time for all that is solved [s].",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON alone on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Say why there is no plan and the smallest changes that give one, or what binds."""
    from siting import api
    from siting.report import progress
    from siting.report.explanation import describe_explanation

    asked = api.read_model(model, set=_changes(set_))
    with (
        progress.show_progress(asked.objective.sense, quiet=quiet) as show,
        Interrupt() as interrupted,
    ):
        found = api.explain(asked, time_limit_s=time_limit, progress=show, interrupted=interrupted)
    if json:
        _print_utf8(dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n")
    else:
        typer.echo(describe_explanation(found))


@app.command()
def alternatives(
    model: ModelArgument,
    number: Annotated[
        int,
        typer.Option(
            "--number", metavar="N", min=1, max=1000, help="How many plans, the best included."
        ),
    ] = 5,
    within: Annotated[
        float,
        typer.Option(
            "--within",
            metavar="F",
            parser=_amount("0-1", least=0, most=10),
            help="How much worse a plan may be, as in 0.03 or 3% [0-1].",
        ),
    ] = 0.03,
    exclude_utility: Annotated[
        list[str] | None,
        typer.Option("--exclude-utility", metavar="U", help="Use no site of it; may be repeated."),
    ] = None,
    exclude_zone: Annotated[
        list[str] | None,
        typer.Option("--exclude-zone", metavar="Z", help="Use no site in it; may be repeated."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write the plans, GeoJSON and one map."),
    ] = None,
    set_: SetOption = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit",
            metavar="S",
            parser=_amount("s"),
            help="Time for all plans together [s].",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON alone on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Find plans nearly as good as the best that differ as much as possible; audit them."""
    from siting import api
    from siting.report import progress, text
    from siting.report.alternatives import (
        check_alternatives_folder,
        describe_alternatives,
        write_alternatives,
    )

    if out is not None:
        check_alternatives_folder(out)  # before a long solve, not after it
    changes = _changes(set_)
    if time_limit is not None:
        changes["solver.time_limit_s"] = time_limit
    asked = api.read_model(model, set=changes)
    with (
        progress.show_progress(asked.objective.sense, quiet=quiet) as show,
        Interrupt() as interrupted,
    ):
        world = api.read_world(asked)
        found = api.alternatives(
            asked,
            number=number,
            within=within,
            exclude_utilities=exclude_utility or (),
            exclude_zones=exclude_zone or (),
            world=world,
            progress=show,
            interrupted=interrupted,
        )
    try:
        folder = None if out is None else write_alternatives(found, world, out)
    finally:
        if json:
            _print_utf8(dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n")
        else:
            typer.echo(describe_alternatives(found, caveat=world.caveat))
    if folder is not None:
        typer.echo(("" if json else "\n") + text.describe_files(folder), err=json)


@app.command()
def audit(
    model: ModelArgument,
    plan: Annotated[Path, typer.Argument(metavar="PLAN.json", help="A plan that solve wrote.")],
    set_: SetOption = None,
) -> None:
    """Recheck every limit of a plan by arithmetic, without a solver."""
    from siting import api
    from siting.report import text

    report = api.audit_plan(api.read_model(model, set=_changes(set_)), plan)
    typer.echo(text.describe_audit(report))


@app.command("map")
def map_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that solve --out wrote.")],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="What it was solved with; by default the earlier map tells what is around.",
        ),
    ] = None,
    set_: SetOption = None,
) -> None:
    """Draw the map of a solved folder again: one file, map.html, that needs no network."""
    from siting import api
    from siting.report import text

    if model is None and set_:
        raise typer.BadParameter("changes a model, so it needs --model", param_hint="--set")
    asked = None if model is None else api.read_model(model, set=_changes(set_))
    typer.echo(text.describe_map(api.redraw(folder, model=asked)))


@app.command()
def train(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A folder that solve --out wrote.")
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="Print published tables of bandwidths beside ours.")
    ] = False,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", metavar="NAME", help="What is trained, such as llama3_405b."),
    ] = None,
    bandwidth_gbps: Annotated[
        float | None,
        typer.Option("--bandwidth-gbps", metavar="F", help="From a campus to the others [Gbit/s]."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change another key of [training], as in training.inner_steps=50.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON alone on stdout.")] = False,
) -> None:
    """Say how the clusters of a solved folder train, and what fiber a utilisation needs."""
    from siting.model import read_change
    from siting.report import text
    from siting.report import train as training

    if table:
        if folder is not None:
            raise typer.BadParameter("needs no folder", param_hint="--table")
        comparisons = training.compare_all()
        if json:
            _print_utf8(training.comparisons_to_json(comparisons))
        else:
            typer.echo(text.describe_comparisons(comparisons))
        return
    if folder is None:
        raise typer.BadParameter("name a solved folder, or ask for --table", param_hint="DIR")
    changes: dict[str, object] = {}
    for key, value in _changes(set_).items():
        if not key.startswith("training."):
            raise typer.BadParameter(
                f"'{key}' is not a key of [training], as training.inner_steps is",
                param_hint="--set",
            )
        changes[key.removeprefix("training.")] = read_change(key, str(value))
    if recipe is not None:
        changes["recipe"] = recipe
    if bandwidth_gbps is not None:
        changes["bandwidth_gbps"] = bandwidth_gbps
    report = training.train(folder, changes)
    if json:
        _print_utf8(training.report_to_json(report))
    else:
        typer.echo(text.describe_train(report))


@app.command()
def models() -> None:
    """List the bundled models."""
    from siting import api
    from siting.report import text

    typer.echo(text.describe_models([(model.name, model.title) for model in api.list_models()]))


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A bundled model of `models`.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is not there yet.")],
) -> None:
    """Copy a bundled model into a new folder, to edit."""
    from siting import api
    from siting.report import text

    typer.echo(text.describe_copy(name, api.new_model(name, folder)))


@app.command()
def world(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A bundled world or a folder.")] = (
        "us"
    ),
) -> None:
    """Say what a world holds, with its sources and licences."""
    from siting import api
    from siting.report import text

    typer.echo(text.describe_world(api.describe_world(name)))


class Interrupt(AbstractContextManager["Interrupt"]):
    """Ctrl-C during a solve: the first asks for the best plan so far, the second ends it.

    Before anybody has called it there is nothing to stop gently: then the first ends it, too.
    """

    def __init__(self) -> None:
        self._pressed = False
        self._asked = False

    def __call__(self) -> bool:
        """Whether the user wants the best plan so far."""
        self._asked = True
        return self._pressed

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _press(self, _number: int, _frame: FrameType | None) -> None:
        if self._pressed or not self._asked:
            raise KeyboardInterrupt
        self._pressed = True
        _complain("siting: stopping at the best plan so far; Ctrl-C again ends without one")


def _changes(assignments: Sequence[str] | None) -> dict[str, object]:
    """Keys and values of ``--set KEY=VALUE``."""
    changes: dict[str, object] = {}
    for assignment in assignments or ():
        key, equals, value = assignment.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(
                f"'{assignment}' is not KEY=VALUE, as in cluster.target_mw=8000", param_hint="--set"
            )
        changes[key.strip()] = value.strip()
    return changes


def _print_utf8(text: str) -> None:
    """Print JSON, which is UTF-8 wherever it goes."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def _print_version() -> None:
    from siting import __version__

    typer.echo(f"siting {__version__}")
    raise typer.Exit


def _report_error(error: Exception, exit_code: int) -> int:
    """Say in stderr what is wrong; the exit code."""
    if exit_code == EXIT_FAULT and os.environ.get("SITING_TRACEBACK"):
        raise error
    if isinstance(error, SitingError):
        _complain("\n".join([str(error), *getattr(error, "__notes__", ())]))
        return exit_code
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        _complain(f"siting: {place}{error.strerror}")
        return exit_code
    # Typer keeps its exceptions in different modules from version to version: what they can do
    # tells them apart.
    if hasattr(error, "exit_code"):
        if hasattr(error, "show"):
            error.show()
        return int(error.exit_code)
    what = " ".join(str(error).split()) or "no message"
    _complain(
        f"siting: a fault of the program: {type(error).__name__}: {what}; "
        "set SITING_TRACEBACK=1 for the traceback, and report it"
    )
    return exit_code


def _complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 -- works inside a signal handler


def _make_writable_in_any_encoding() -> None:
    """Write what a terminal's encoding lacks as an escape, instead of failing at a user's id."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
