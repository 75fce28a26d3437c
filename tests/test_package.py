"""What a user gets: the built wheel and sdist, file by file, and a solve from the wheel alone."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import siting

ROOT = Path(__file__).parent.parent
PLACES_IN_WHEEL = {"siting": "siting", "data": "siting/_data", "models": "siting/_models"}


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # What tells pip, Python and siting about this machine stays out of the environment under test.
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV_", "SITING"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (
        f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    )
    return done


@pytest.fixture(scope="module")
def tracked() -> dict[str, bytes]:
    """Every tracked file of the checkout, as it is in the work tree."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("needs git and a git checkout: compares the package with the tracked files")
    listing = run("git", "ls-files", "-z", cwd=ROOT).stdout
    paths = [path for path in listing.split("\0") if path and (ROOT / path).exists()]
    return {path: (ROOT / path).read_bytes() for path in paths}


@pytest.fixture(scope="module")
def built(tracked: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of the tracked files and the wheel that is built from that sdist."""
    source = tmp_path_factory.mktemp("source")
    for path, content in tracked.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(content)
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source, cwd=source)
    return out


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def test_wheel_holds_the_tracked_files_and_nothing_else(
    built: Path, tracked: dict[str, bytes]
) -> None:
    expected = {
        f"{PLACES_IN_WHEEL[top]}/{rest}": content
        for path, content in tracked.items()
        for top, _, rest in [path.partition("/")]
        if top in PLACES_IN_WHEEL
    }
    with zipfile.ZipFile(only(built, "*.whl")) as wheel:
        found = {
            name: wheel.read(name)
            for name in wheel.namelist()
            if not name.split("/")[0].endswith(".dist-info")
        }
    assert sorted(found) == sorted(expected)
    assert [name for name in found if found[name] != expected[name]] == []


def test_sdist_holds_the_tracked_files_and_nothing_else(
    built: Path, tracked: dict[str, bytes]
) -> None:
    with tarfile.open(only(built, "*.tar.gz")) as sdist:
        found = {
            member.name.partition("/")[2]: stream.read()
            for member in sdist.getmembers()
            if (stream := sdist.extractfile(member)) is not None
        }
    found.pop("PKG-INFO")
    assert sorted(found) == sorted(tracked)
    assert [name for name in found if found[name] != tracked[name]] == []


def test_typed_package_says_so(built: Path) -> None:
    with zipfile.ZipFile(only(built, "*.whl")) as wheel:
        assert "siting/py.typed" in wheel.namelist()


def solve_from_wheel(environment: Path, empty: Path) -> None:
    """Solve a bundled model in a folder that holds nothing, with nothing of the checkout."""
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    where = "import siting, pathlib; print(pathlib.Path(siting.__file__).resolve())"
    home = Path(run(scripts / "python", "-c", where, cwd=empty).stdout.strip())
    assert home.is_relative_to(environment.resolve())

    done = run(
        scripts / "siting",
        *["solve", "two_utilities", "--json", "--out", "plan"],
        cwd=empty,
        XDG_CACHE_HOME=str(empty / "cache"),
    )
    assert json.loads(done.stdout)["objective"] == pytest.approx(610.3938, rel=1e-6)
    assert {"plan.json", "campuses.geojson", "links.geojson"} <= {
        path.name for path in (empty / "plan").iterdir()
    }
    assert "us_5gw" in run(scripts / "siting", "models", cwd=empty).stdout
    run(scripts / "siting", "check", "us_5gw", cwd=empty, XDG_CACHE_HOME=str(empty / "cache"))


def test_wheel_alone_solves_a_bundled_model(built: Path, tmp_path: Path) -> None:
    """The wheel in an environment of its own, which sees the dependencies of this one."""
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False, symlinks=os.name != "nt")
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(
        *[sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"],
        *["--no-index", only(built, "*.whl")],
        cwd=tmp_path,
    )
    # Only the folder is added, so .pth files in it stay unread, an editable siting's among them.
    site_packages = run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path
    ).stdout.strip()
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(site_packages) / "dependencies.pth").write_text("\n".join(sorted(dependencies)))
    empty = tmp_path / "empty"
    empty.mkdir()
    solve_from_wheel(environment, empty)


@pytest.mark.slow
def test_wheel_and_what_it_asks_for_solve_a_bundled_model(built: Path, tmp_path: Path) -> None:
    """The wheel in an empty environment, with the dependencies that pip fetches for it."""
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(python, "-m", "pip", "install", "--quiet", only(built, "*.whl"), cwd=tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    solve_from_wheel(environment, empty)


def test_lowest_versions_are_the_bounds_of_the_package() -> None:
    """`make test-lowest` tries exactly what pyproject.toml promises."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = dict(
        re.fullmatch(r"([a-z]+)(?:\[\w+\])?>=([\d.]+)(?:,<\d+)?", requirement).groups()  # type: ignore[union-attr]
        for requirement in project["dependencies"]
    )
    lines = (ROOT / "tools" / "lowest.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert {name: pins[name] for name in bounds} == bounds


def test_changelog_and_code_say_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert siting.__version__ == project["version"]
    assert re.search(rf"^## \[?{re.escape(project['version'])}\b", changelog, re.MULTILINE)
