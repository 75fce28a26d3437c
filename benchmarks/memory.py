"""The largest memory of a process so far."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path


def peak_mb(process: int | str) -> float:
    """Largest resident memory of a process so far [MB]; 0 where it cannot be known.

    Linux hands what ``getrusage`` calls the peak on from the process that started it, so the peak
    of a small process is that of its parent. The process file system knows better.

    Parameters
    ----------
    process
        Its number, or ``self``.
    """
    status = Path("/proc") / str(process) / "status"
    try:
        text = status.read_text(encoding="utf-8")
    except OSError:
        if process != "self":
            return 0.0
        unit = 1e6 if sys.platform == "darwin" else 1e3
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    found = re.search(r"^VmHWM:\s*(\d+) kB", text, flags=re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0
