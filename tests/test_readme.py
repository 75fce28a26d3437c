"""What the README tells a stranger to type runs, and what they see is what it says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from siting import errors

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SITING = Path(sys.executable).parent / "siting"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [line.partition("  #")[0].strip() for line in lines if line.startswith("siting ")]


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "100"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The empty folder of a stranger, in which commands follow each other."""
    return tmp_path_factory.mktemp("desk")


def test_there_is_something_to_run() -> None:
    assert len(blocks("python")) == 1
    assert len(commands()) >= 5


def test_python_example_runs(desk: Path) -> None:
    (code,) = blocks("python")
    done = run([sys.executable, "-W", "error", "-c", code], desk)
    assert done.returncode == 0, done.stderr
    assert "5,000 MW" in done.stdout


def test_commands_run(desk: Path) -> None:
    """In the order of the README: a later command may use what an earlier one wrote."""
    for command in commands():
        done = run([str(SITING), *shlex.split(command)[1:]], desk)
        expected = 3 if "no_plan" in command else 0
        assert done.returncode == expected, f"{command}\n{done.stdout}{done.stderr}"


def test_output_has_the_shape_that_is_shown(desk: Path) -> None:
    """Numbers differ from plan to plan within the gap; headings, units and words do not."""
    (shown,) = blocks("text")
    done = run([str(SITING), "solve", "us_5gw", "--quiet", "--out", "out/us_5gw"], desk)
    words = re.compile(r"[A-Za-z/%]+")
    found = {" ".join(words.findall(line)) for line in done.stdout.splitlines()}
    headings = [line for line in shown.splitlines() if not re.search(r"\d|^ *\.\.\.$", line)]
    assert len(headings) >= 8
    assert [line for line in headings if " ".join(words.findall(line)) not in found] == []


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z-]+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_exit_codes_are_those_of_the_errors() -> None:
    said = {int(code) for code in re.findall(r"^\| (\d) \|", README, re.MULTILINE)}
    raised = {error.exit_code for error in vars(errors).values() if hasattr(error, "exit_code")}
    assert said == raised | {0}
