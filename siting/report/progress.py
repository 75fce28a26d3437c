"""Progress for whoever waits: a bar on a terminal, plain lines otherwise."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from siting.progress import Progress, ProgressCallback
from siting.report.text import OBJECTIVES, percent
from siting.units import gap
from siting.wording import printable

LINE_EVERY_S = 5.0
"""Longest silence between plain lines of one stage that goes on reporting [s]."""

NEWS_EVERY_S = 1.0
"""Shortest time between plain lines of one stage, however much happens in it [s]."""


@contextmanager
def show_progress(
    sense: str, *, quiet: bool = False, stream: TextIO | None = None
) -> Iterator[ProgressCallback | None]:
    """Show progress while the context lasts.

    Parameters
    ----------
    sense
        What is best; it sets the unit of incumbent and bound.
    quiet
        Show nothing.
    stream
        Where to; by default stderr.
    """
    stream = sys.stderr if stream is None else stream
    unit = OBJECTIVES[sense][1]
    if quiet:
        yield None
    elif stream.isatty():
        with _bar(unit, stream) as callback:
            yield callback
    else:
        yield Lines(unit, stream)


class Lines:
    """Plain lines: one when a stage begins, and then whenever there is news, but not too often."""

    def __init__(self, unit: str, stream: TextIO) -> None:
        self._unit = unit
        self._stream = stream
        self._start_s = time.monotonic()
        self._last: Progress | None = None
        self._last_s = 0.0

    def __call__(self, progress: Progress) -> None:
        """Write a line, if it is time for one."""
        now_s = time.monotonic()
        if self._last is not None and self._last.stage == progress.stage:
            found = (progress.incumbent, progress.bound)
            news = found != (self._last.incumbent, self._last.bound)
            if now_s - self._last_s < (NEWS_EVERY_S if news else LINE_EVERY_S):
                return
        self._last, self._last_s = progress, now_s
        parts = [_stage(progress), *_state(progress, self._unit)]
        self._stream.write(f"{now_s - self._start_s:7.1f} s  {', '.join(parts)}\n")
        self._stream.flush()


@contextmanager
def _bar(unit: str, stream: TextIO) -> Iterator[ProgressCallback]:
    # rich comes with typer; a run whose stderr is no terminal does without it.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = (
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=10),
        TextColumn("{task.fields[state]}", markup=False),
    )
    with Bars(*columns, console=Console(file=stream), transient=True) as bars:
        task = bars.add_task("", total=None, state="")

        def show(progress: Progress) -> None:
            bars.update(
                task,
                description=printable(progress.stage),
                total=progress.total or None,
                completed=progress.done,
                state=", ".join([*_left(progress), *_state(progress, unit)]),
            )

        yield show


def _stage(progress: Progress) -> str:
    if progress.total:
        return f"{printable(progress.stage)} {progress.done:,} of {progress.total:,}"
    return printable(progress.stage)


def _left(progress: Progress) -> list[str]:
    return [f"{progress.total - progress.done:,} left"] if progress.total else []


def _state(progress: Progress, unit: str) -> list[str]:
    parts = []
    if progress.incumbent is not None:
        parts.append(f"best {progress.incumbent:,.2f} {unit}")
    if progress.bound is not None:
        parts.append(f"bound {progress.bound:,.2f} {unit}")
    if progress.incumbent is not None and progress.bound is not None:
        missing = gap(progress.incumbent, progress.bound)
        if math.isfinite(missing):
            parts.append(f"gap {percent(missing, 2)}")
    if progress.message:
        parts.append(printable(progress.message))
    return parts
