"""Every bad input ends in an `InputError` whose whole text is a golden."""

import pytest
from bad_inputs import CASES
from drafts import Draft

from siting.cli import main
from siting.errors import InputError
from siting.model import read_model
from siting.world import read_world


def read(name, folder):
    draft = Draft()
    CASES[name](draft)
    draft.write(folder / name)
    return read_world(read_model(name))


def test_draft_is_good(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Draft().write(tmp_path / "draft")
    world = read_world(read_model("draft"))
    assert [len(world.zones), len(world.sites), len(world.fiber), len(world.supply)] == [4, 4, 3, 3]


@pytest.mark.parametrize("name", CASES)
def test_says_what_is_wrong(name, golden, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as refused:
        read(name, tmp_path)
    assert refused.value.exit_code == 2
    assert str(tmp_path) not in str(refused.value)
    golden(f"bad_inputs/{name}.txt", f"{refused.value}\n")


@pytest.mark.parametrize("name", CASES)
def test_command_ends_with_2_and_writes_nothing(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    draft = Draft()
    CASES[name](draft)
    draft.write(tmp_path / name)
    before = sorted(tmp_path.rglob("*"))
    assert main(["solve", name, "--out", "plan", "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "problem" in err
    assert "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before


def test_there_are_enough():
    assert len(CASES) >= 60


def test_every_golden_has_its_case(request):
    folder = request.path.parent / "golden" / "bad_inputs"
    assert {path.stem for path in folder.glob("*.txt")} == set(CASES)
