"""Evidence of a running lab: the same diagnosis elsewhere, and no secret in it."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.commands import academy_ops
from tests.lab_driver import Lab

FAULTS = ("worker-off", "worker-r2-mismatch", "worker-database-down", "r2-credentials-rejected", "proxy-upstream-down")


@pytest.fixture
def job_id(lab: Lab) -> str:
    return lab.do("lab", "upload")


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_fault_left_is_judged_alike_elsewhere_and_holds_no_secret(
    lab: Lab, job_id: str, fault: str, tmp_path: Path
) -> None:
    lab.do("lab", "break", fault)
    saved = tmp_path / "evidence.json"
    now = lab.tool("diagnose", job_id, "-o", "json", "--save", str(saved))
    # Another machine: no settings, no credentials, and the lab is not to be asked.
    again = academy_ops("diagnose", job_id, "--from", "evidence.json", "-o", "json", cwd=tmp_path)
    assert now.stderr == again.stderr == ""
    assert (again.returncode, again.stdout) == (now.returncode, now.stdout)
    leaked = [secret for secret in lab.secrets() if secret in saved.read_text(encoding="utf-8")]
    assert leaked == []


def test_a_bundle_of_all_holds_no_secret_and_its_evidence_gives_its_diagnosis(
    lab: Lab, job_id: str, tmp_path: Path
) -> None:
    lab.do("lab", "break", "worker-env-missing")
    path = tmp_path / "ticket.zip"
    lab.tool("bundle", job_id, "--to", str(path))
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert [(name, secret) for name, text in files.items() for secret in lab.secrets() if secret in text] == []
    (tmp_path / "evidence.json").write_text(files["evidence.json"], encoding="utf-8")
    again = academy_ops("diagnose", "--from", "evidence.json", "-o", "json", cwd=tmp_path)
    assert again.stdout == files["diagnosis.json"]
    assert json.loads(files["diagnosis.json"])["job_id"] == job_id
