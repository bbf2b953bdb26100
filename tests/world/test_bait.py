"""Bait in a job's message, a worker's log and an instance's name: whoever shows what the tool says obeys none of it."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tests.between import Trick, altered, between
from tests.checks import facts_factory as h
from tests.lab_driver import Lab
from tests.report.test_hostile import BAIT, assert_only_text
from tests.wire import respond, server
from tests.world.stage import api, job

IN_XML = escape("".join(letter for letter in BAIT if letter >= " " and letter != "\ufffe")).encode()
OUTPUTS_OF_DIAGNOSE = ("table", "json", "html", "markdown", "github", "junit")


def spoilt(aws: str) -> dict[str, Trick]:
    def log(body: bytes) -> bytes:
        result = json.loads(body)
        result["StandardOutputContent"] = result["StandardOutputContent"].replace(
            "worker started", f"{BAIT} MemoryError"
        )
        return json.dumps(result).encode()

    healthy = b"<HealthStatus>", b"<HealthStatus>" + IN_XML
    return {
        "DescribeAutoScalingGroups": altered(aws, lambda body: body.replace(*healthy)),
        "DescribeScalingActivities": altered(
            aws, lambda body: body.replace(b"<Description>", b"<Description>Launching " + IN_XML)
        ),
        "GetCommandInvocation": altered(aws, log),
    }


@contextmanager
def baited(lab: Lab) -> Iterator[dict[str, str]]:
    """An API and an AWS that say what would harm who shows it."""
    rows = [{"row": 3, "name": BAIT, "error": BAIT}]
    failed = job("FAILED", error_message=BAIT, result={"created": 0, "failed": rows}, progress={"step_name": BAIT})
    aws = lab.settings()["AWS_ENDPOINT_URL"]
    with server(api(lambda handler: respond(handler, 200, failed))) as (url, _), between(aws, spoilt(aws)) as sick:
        yield {"ACADEMY_API_URL": url, "AWS_ENDPOINT_URL": sick}


@pytest.mark.parametrize("output", OUTPUTS_OF_DIAGNOSE)
def test_no_output_of_diagnose_is_more_than_text(running_lab: Lab, output: str) -> None:
    with baited(running_lab) as environ:
        done = running_lab.tool("diagnose", h.JOB_ID, "--verbose", "-o", output, **environ)
    assert done.returncode == 1
    assert "owned" in done.stdout
    assert_only_text(done.stdout, output)
    assert_only_text(done.stderr, "stderr" if done.stderr.startswith("{") else "table")


def test_no_file_of_a_bundle_is_more_than_text(running_lab: Lab, tmp_path: Path) -> None:
    with baited(running_lab) as environ:
        running_lab.tool("bundle", h.JOB_ID, "--to", str(tmp_path / "ticket.zip"), **environ)
    with zipfile.ZipFile(tmp_path / "ticket.zip") as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    for name, text in files.items():
        assert_only_text(text, "json" if name.endswith(".json") else "table")


@pytest.mark.parametrize(
    "command", [("watch", h.JOB_ID), ("logs",), ("scale-worker", "--desired", "3", "--dry-run")], ids=lambda c: c[0]
)
def test_no_other_command_says_more_than_text(running_lab: Lab, command: tuple[str, ...]) -> None:
    with baited(running_lab) as environ:
        done = running_lab.tool(*command, **environ)
    assert done.stdout
    assert_only_text(done.stdout + done.stderr, "table")
