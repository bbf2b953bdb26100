"""``--save`` and ``--from``: a whole file or none, judged again without settings, network or SDK."""

import copy
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from academy_ops.cli import runs
from academy_ops.cli.errors import RefusedError
from academy_ops.diagnosis.evidence import SCHEMA, Evidence, to_document, to_text
from academy_ops.diagnosis.run import Observer
from checks import RUNBOOK, Case
from tests.checks import facts_factory as h
from tests.commands import SHELL, academy_ops
from tests.diagnosis.test_codec import JSON

NAMES = {"ops": "academy-ops", "worker": "academy-ai-worker-cpu", "bucket": "academy-excel"}


def document(**facts: Any) -> dict[str, Any]:
    the_case = h.case(**facts)
    evidence = Evidence(
        tool="academy-ops 0.1.0",
        started_at=h.NOW,
        elapsed_ms=900,
        asked=tuple(check.name for check in RUNBOOK),
        took_ms={"queue": 31},
        settings=(),
        versions={},
        case=Case(the_case.observed_at, the_case.job_id, {**the_case.names, **NAMES}, **{
            check.name: getattr(the_case, check.name) for check in RUNBOOK
        }),
    )  # fmt: skip
    return to_document(evidence, Case, lambda text, _place: text)


def write(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / "evidence.json"
    path.write_text(to_text(content), encoding="utf-8")
    return path


def waiting() -> dict[str, Any]:
    """Return evidence of a job that waits while the group is at zero."""
    return document(
        document=h.job("PENDING", age=600),
        workers=h.workers(h.group(0)),
        queue=h.queue(h.depth(visible=1)),
        logs=h.NO_LOGS,
    )


def test_saved_evidence_gives_the_same_document_elsewhere(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    now = academy_ops(
        "diagnose", "j-1", "-o", "json", "--save", str(there / "e.json"), "--env-file", "api.env", cwd=here
    )
    assert now.returncode == 2  # no such env file: nothing was observed, nothing is written
    assert not list(there.iterdir())
    (here / "api.env").write_text("R2_ENDPOINT=https://x.example\n", encoding="utf-8")
    now = academy_ops(
        "diagnose", "j-1", "-o", "json", "--save", str(there / "e.json"), "--env-file", "api.env", cwd=here
    )
    again = academy_ops("diagnose", "--from", "e.json", "-o", "json", cwd=there)
    assert (again.returncode, again.stdout) == (now.returncode, now.stdout)


def test_the_file_is_the_owners_alone_and_replaces_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    path.write_text("old", encoding="utf-8")
    academy_ops("diagnose", "--save", "e.json", cwd=tmp_path, AI_WORKER_NAME="w")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text(encoding="utf-8"))["schema"] == SCHEMA
    assert [one.name for one in tmp_path.iterdir()] == ["e.json"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--save", "nowhere/e.json"), "folder does not exist"),
        (("--save", "."), "it is a folder"),
        (("--save", "/dev/null"), "not a regular file"),
        (("--save", "a.json", "--from", "evidence.json"), "--save"),
        (("--from", "nothing.json"), "Can't read nothing.json"),
        (("--from", "."), "Can't read ."),
        (("--from", "/dev/zero"), "larger than 64 MiB"),
        (("another-job", "--from", "evidence.json"), "not another-job"),
        (("--from", "evidence.json", "--only", "quue"), "No such check: 'quue'"),
    ],
)
def test_what_cant_be_saved_or_judged_is_refused_in_one_line(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    write(tmp_path, waiting())
    done = academy_ops("diagnose", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["evidence.json"]


def test_only_and_skip_choose_among_what_was_saved(tmp_path: Path) -> None:
    write(tmp_path, waiting())
    chosen = ("diagnose", "--from", "evidence.json", "-o", "json")
    only = json.loads(academy_ops(*chosen, "--only", "workers", "--only", "queue", cwd=tmp_path).stdout)
    skipped = json.loads(academy_ops(*chosen, "--skip", "workers", cwd=tmp_path).stdout)
    assert {finding["check"] for finding in only["findings"]} == {"workers", "queue"}
    assert "workers" not in {finding["check"] for finding in skipped["findings"]}


def test_a_check_that_was_not_observed_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {**waiting(), "asked": ["access"]})
    done = academy_ops("diagnose", "--from", "evidence.json", "--only", "logs", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "saved for: access" in done.stderr


def test_the_verdict_is_told_in_the_language_asked_for(tmp_path: Path) -> None:
    write(tmp_path, waiting())
    english = academy_ops("diagnose", "--from", "evidence.json", cwd=tmp_path)
    korean = academy_ops("--lang", "ko", "diagnose", h.JOB_ID, "--from", "evidence.json", cwd=tmp_path)
    assert english.returncode == korean.returncode == 1
    assert "worker-scaled-to-zero" in english.stdout
    assert "worker-scaled-to-zero" in korean.stdout
    assert english.stdout != korean.stdout


def test_neither_the_sdk_nor_a_socket_nor_a_setting_is_needed(tmp_path: Path) -> None:
    write(tmp_path, waiting())
    (tmp_path / ".env").write_text("this is no assignment\n", encoding="utf-8")
    program = (
        "import socket, sys\n"
        "socket.socket.connect = socket.getaddrinfo = None\n"
        "from academy_ops.cli.main import run\n"
        "code = run(['diagnose', '--from', 'evidence.json'])\n"
        "assert not {'botocore.session', 'botocore.client'} & set(sys.modules), 'the SDK was loaded'\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**SHELL, "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    "names",
    [
        {"ops": "rm -rf ~; academy-ops"},
        {"ops": "academy-ops --env-file $(reboot)"},
        {"ops": "academy-ops 'unfinished"},
        {"job_id": "; reboot"},
        {"job_id": "another"},
    ],
)
def test_no_forged_name_becomes_a_command(names: dict[str, str], tmp_path: Path) -> None:
    forged = waiting()
    forged["case"]["names"] |= names
    with pytest.raises(RefusedError):
        runs.load(write(tmp_path, forged), None)


def test_the_env_file_of_a_remedys_command_may_have_any_name(tmp_path: Path) -> None:
    quoted = waiting()
    quoted["case"]["names"]["ops"] = "academy-ops --env-file '../my api $1.env'"
    assert runs.load(write(tmp_path, quoted), h.JOB_ID).asked


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_file_is_refused_or_judged_and_never_an_error(data: st.DataObject, tmp_path: Path) -> None:
    changed = copy.deepcopy(waiting())
    holder: Any = changed
    while True:
        key = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else list(range(len(holder)))))
        if not (isinstance(holder[key], dict | list) and holder[key]) or data.draw(st.booleans()):
            break
        holder = holder[key]
    if data.draw(st.booleans()):
        holder[key] = data.draw(JSON)
    else:
        del holder[key]
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(changed), encoding="utf-8")
    try:
        evidence = runs.load(path, None)
    except RefusedError:
        return
    assert runs.judge_again(evidence, evidence.asked, Observer()).diagnosis.verdict.status
