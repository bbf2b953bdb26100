"""Hostile files: each is read or refused with its own sentence, in bounded memory, and hurts nobody."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from academy_ops.academy.excel.child import MEMORY_BYTES
from academy_ops.contract import JOBS_PATH, UPLOAD_PATH
from tests.hostile.files import FILES, good
from tests.lab_driver import Lab
from tests.wire import ask

UPLOADED = ("far-cell", "laughing-entities", "one-huge-string", "entity-of-a-file", "size-said-too-small", "formulas")
READ_ALL = """
import json, resource, sys
from pathlib import Path
from academy_ops.academy.excel.readers import Readers
from academy_ops.academy.excel.records import WorkbookError
from academy_ops.academy.excel.workbook import read
told, readers = {}, Readers()
for path in map(Path, sys.argv[1:]):
    try:
        content = read(path, start=readers.start)
        told[path.name] = [len(content.students), len(content.rejected)]
    except WorkbookError as error:
        told[path.name] = str(error)
readers.close()
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else ["VmHWM 0"]
own = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
print(json.dumps([told, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, own]))
"""
PARENT_BYTES = 384 << 20
"""SECURITY.md states it of the worker."""
IN_RSS = 1 if sys.platform == "darwin" else 1024
"""What ru_maxrss counts in, in bytes."""


def test_the_reader_refuses_each_with_a_clear_sentence_or_reads_its_students_in_bounded_memory(
    tmp_path: Path, compared: Callable[[int], None]
) -> None:
    for one in FILES:
        (tmp_path / one.name).write_bytes(one.content())
    # In a process of its own: what a child took counts from before its exec, when it was as large as its parent.
    command = [sys.executable, "-c", READ_ALL, *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=170)
    result, largest, own = json.loads(done.stdout)
    for one in FILES:
        if one.says is None:
            assert result[one.name] == list(one.read), one.name
        else:
            assert one.says in str(result[one.name]), one.name
    assert own <= PARENT_BYTES
    assert 0 < largest * IN_RSS <= MEMORY_BYTES + (64 << 20)
    compared(len(result))


def post(lab: Lab, content: bytes, name: str = "students.xlsx") -> httpx.Response:
    """Upload a file as the browser does, past the edge."""
    settings = lab.settings()
    return ask(
        "POST",
        settings["ACADEMY_ORIGIN_URL"] + UPLOAD_PATH,
        headers={"Authorization": f"Bearer {settings['ACADEMY_API_TOKEN']}"},
        files={"file": (name, content)},
        data={"initial_password": "lab-1234"},
    )


def test_api_and_worker_outlive_them(lab: Lab) -> None:
    sent = {one.name: post(lab, one.content()) for one in FILES if one.name in UPLOADED}
    assert {answer.status_code for answer in sent.values()} == {202}
    ended = {name: lab.tool("watch", answer.json()["job_id"], "--timeout", "60") for name, answer in sent.items()}
    assert {name for name, one in ended.items() if one.returncode == 0} == {"formulas", "far-cell", "one-huge-string"}
    assert {one.returncode for one in ended.values()} == {0, 1}
    assert lab.tool("watch", post(lab, good()).json()["job_id"], "--timeout", "60").returncode == 0


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.xlsx",
        "a'b\"c`;$(id).xlsx",
        "학생 명단(최종).xlsx",
        "a\x01\x7f\x1b[31m.xlsx",
        "가" * 1300 + ".xlsx",
    ],
    ids=["path", "quotes", "korean", "control-characters", "four-kilobytes"],
)
def test_the_name_of_a_file_leads_nowhere(lab: Lab, name: str) -> None:
    answer = post(lab, good(), name)
    assert answer.status_code == 202
    token = lab.settings()["ACADEMY_API_TOKEN"]
    url = f"{lab.settings()['ACADEMY_ORIGIN_URL']}{JOBS_PATH}{answer.json()['job_id']}/"
    job = ask("GET", url, headers={"Authorization": f"Bearer {token}"}).json()
    assert re.fullmatch(r"excel/lab/[0-9a-f]{32}\.xlsx", job["file_key"])
