"""``bundle``: one archive for a ticket, with a ledger of what was masked, and no secret."""

import io
import json
import re
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from academy_ops.diagnosis.evidence import Evidence, ShownSetting
from academy_ops.diagnosis.records import Diagnosis
from academy_ops.report.bundle import bundle, file_name
from checks import Case
from tests.checks import facts_factory as h
from tests.cli.test_save_and_from import waiting, write
from tests.commands import academy_ops

FILES = {
    *("report.md", "report.html"),
    *("evidence.json", "diagnosis.json", "report.txt", "settings.txt", "versions.txt", "ledger.json"),
}
SECRET = "wJalrXUtnFEMI-K7MDENG"

SOMETHING = {"AI_WORKER_NAME": "academy-ai-worker-cpu"}
"""One setting of the academy, so that there is something to look for."""


def diagnosis(the_case: Case) -> Diagnosis:
    return Diagnosis(the_case.job_id, h.NOW, 1, h.verdict(the_case), h.findings(the_case))


def unpacked(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_holds_the_same_diagnosis_as_diagnose_prints(tmp_path: Path) -> None:
    write(tmp_path, waiting())
    done = academy_ops("bundle", "--from", "evidence.json", "--to", "ticket.zip", "-o", "json", cwd=tmp_path)
    result = academy_ops("diagnose", "--from", "evidence.json", "-o", "json", cwd=tmp_path)
    files = unpacked((tmp_path / "ticket.zip").read_bytes())
    assert files.keys() == FILES
    assert (done.returncode, done.stdout) == (result.returncode, result.stdout)
    assert files["diagnosis.json"] == result.stdout
    assert "ticket.zip" in done.stderr
    assert "worker-scaled-to-zero" in files["report.txt"]
    assert "\x1b" not in files["report.txt"]


def test_its_evidence_can_be_judged_again(tmp_path: Path) -> None:
    academy_ops("bundle", "j-1", "--to", "ticket.zip", cwd=tmp_path, **SOMETHING)
    files = unpacked((tmp_path / "ticket.zip").read_bytes())
    (tmp_path / "e.json").write_text(files["evidence.json"], encoding="utf-8")
    again = academy_ops("diagnose", "--from", "e.json", "-o", "json", cwd=tmp_path)
    assert again.stdout == files["diagnosis.json"]


@pytest.mark.parametrize(("job", "named"), [(("j-1",), "j-1"), ((), "all")])
def test_it_is_called_after_the_job_and_the_time_and_is_the_owners_alone(
    job: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    done = academy_ops("bundle", *job, cwd=tmp_path, **SOMETHING)
    path = next(tmp_path.glob("*.zip"))
    assert re.fullmatch(rf"academy-ops-{named}-\d{{8}}T\d{{6}}Z\.zip", path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.name in done.stdout
    assert done.returncode == academy_ops("diagnose", *job, cwd=tmp_path, **SOMETHING).returncode


def test_a_folder_may_be_given(tmp_path: Path) -> None:
    (tmp_path / "tickets").mkdir()
    academy_ops("bundle", "--to", "tickets", cwd=tmp_path, **SOMETHING)
    assert len(list((tmp_path / "tickets").glob("academy-ops-all-*.zip"))) == 1


def test_a_place_where_nothing_can_be_written_is_refused_before_anything_is_observed(tmp_path: Path) -> None:
    done = academy_ops("bundle", "--to", "nowhere/ticket.zip", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_it_tells_settings_and_versions(tmp_path: Path) -> None:
    academy_ops("bundle", "--to", "ticket.zip", cwd=tmp_path, R2_SECRET_KEY=SECRET)
    files = unpacked((tmp_path / "ticket.zip").read_bytes())
    assert re.search(r"^R2_SECRET_KEY +\*\*\*  \(environment\)$", files["settings.txt"], re.MULTILINE)
    assert re.search(r"^AI_WORKER_NAME +academy-ai-worker-cpu  \(default\)$", files["settings.txt"], re.MULTILINE)
    for name in ("academy-ops", "python", "platform", "botocore", "httpx", "typer", "rich"):
        assert re.search(rf"^{name} +\S", files["versions.txt"], re.MULTILINE)


def leaking() -> tuple[dict[str, str], int, dict[str, Any]]:
    """Return the files of a bundle of facts into which a secret has slipped, their count, and the ledger."""
    log = h.container(tail=(h.line(f"connecting with {SECRET} and {SECRET}"),))
    the_case = h.case(logs=h.logs(log))
    evidence = Evidence(
        tool="academy-ops 0.1.0",
        started_at=h.NOW,
        elapsed_ms=1,
        asked=("logs",),
        took_ms={},
        settings=(ShownSetting("AI_WORKER_NAME", "w", "default"), ShownSetting("R2_SECRET_KEY", "***", "env file")),
        versions={"database": "postgresql://academy:hunter2@db/academy"},
        case=the_case,
    )
    content, count = bundle(evidence, diagnosis(the_case), {SECRET: "R2_SECRET_KEY"})
    files = unpacked(content)
    return files, count, json.loads(files["ledger.json"])


def test_a_secret_that_has_slipped_into_the_facts_does_not_get_out() -> None:
    files, _count, _ledger = leaking()
    assert not [name for name, text in files.items() if SECRET in text or "hunter2" in text]


def test_the_ledger_tells_what_was_masked_where() -> None:
    _files, count, ledger = leaking()
    place = '$.case.logs.logs["i-0"].tail[0].text'
    assert {"file": "evidence.json", "place": place, "kind": "setting R2_SECRET_KEY", "count": 2} in ledger["masked"]
    assert {"file": "settings.txt", "place": "line 2", "kind": "setting R2_SECRET_KEY", "count": 1} in ledger["masked"]
    assert {"file": "versions.txt", "place": "line 1", "kind": "password in a URL", "count": 1} in ledger["masked"]
    assert count == ledger["total"] == sum(entry["count"] for entry in ledger["masked"])


def test_the_time_in_its_name_is_utc() -> None:
    assert file_name(diagnosis(h.case())) == f"academy-ops-{h.JOB_ID}-20261122T020000Z.zip"
