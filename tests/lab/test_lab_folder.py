"""The lab's folder is held by one lab, and nothing else is ever removed."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from academy_ops.lab import LabError, operate, state
from academy_ops.lab.provisioning import parse_environment


def test_the_folder_is_the_named_one_else_the_users_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(state.FOLDER_VARIABLE, str(tmp_path))
    assert state.folder() == tmp_path
    monkeypatch.delenv(state.FOLDER_VARIABLE)
    monkeypatch.setenv("HOME", "/home/x")
    monkeypatch.setenv("XDG_STATE_HOME", "/home/x/s")
    assert state.folder().parent in {Path("/home/x/s"), Path("/home/x/Library/Application Support")}


def test_it_belongs_to_its_owner_alone_and_goes_with_the_lab(tmp_path: Path) -> None:
    place = tmp_path / "lab"
    with state.held(place):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        (place / "sub").mkdir()
        (place / "sub" / "file").touch()
        assert state.is_running(place)
    assert not place.exists()


def test_a_second_holder_is_refused(tmp_path: Path) -> None:
    with state.held(tmp_path / "lab"), pytest.raises(LabError, match="lab"), state.held(tmp_path / "lab"):
        pytest.fail("two labs hold one folder")


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(LabError, match="is not empty"), state.held(tmp_path):
        pytest.fail("a foreign folder was taken")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_what_a_killed_lab_left_behind_is_no_lab_and_can_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "lab"
    holding = (
        "import os, pathlib; from academy_ops.lab import state\n"
        f"with state.held(pathlib.Path({str(place)!r})): (pathlib.Path({str(place)!r}) / 'x').touch(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", holding], check=False, timeout=60)
    assert (place / "x").exists()
    monkeypatch.setenv(state.FOLDER_VARIABLE, str(place))
    assert operate.status() is None
    assert operate.down()
    assert not place.exists()
    assert not operate.down()


def test_without_a_lab_every_question_says_how_to_start_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(state.FOLDER_VARIABLE, str(tmp_path / "lab"))
    for question in (operate.env, operate.upload, operate.heal, lambda: operate.break_fault("worker-off")):
        with pytest.raises(LabError, match="academy-ops lab up"):
            question()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('A=1\n# no\n\n  B="q"\nC=a=b\nD\nE=\n', {"A": "1", "B": '"q"', "C": "a=b", "E": ""}),
        ("eyJBIjogIjEiLCAiQiI6IDJ9", {"A": "1", "B": "2"}),
        ("", {}),
    ],
)
def test_the_workers_parameter_is_read_as_docker_would(text: str, read: dict[str, str]) -> None:
    assert parse_environment(text) == read
