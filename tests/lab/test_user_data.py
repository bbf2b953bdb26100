"""The second generation's user data, really run under a shell: each step may fail, and says so in its own log."""

import base64
import json
from pathlib import Path

import pytest

from academy_ops.lab.user_data import Boot, Run, run

IMAGE = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/academy-ai-worker@sha256:" + "1" * 64
VALUES = {"R2_ENDPOINT": "https://r2.example", "R2_SECRET_KEY": "a=b c"}
PARAMETER = base64.b64encode(json.dumps(VALUES).encode()).decode()
LOG = "var/log/academy-worker-userdata.log"


def booted(tmp_path: Path, value: str | None = PARAMETER, **fails: str) -> tuple[Run | None, list[str]]:
    root = tmp_path / "root"
    boot = Boot("i-0123456789abcdef0", IMAGE, "/academy/ai-worker", value, fails)
    started = run(tmp_path / "boot", root, boot)
    assert not (tmp_path / "boot").exists()
    return started, (root / LOG).read_text("utf-8").splitlines()


def test_it_starts_the_worker_with_its_environment_and_its_log_in_cloudwatch(tmp_path: Path) -> None:
    started, log = booted(tmp_path)
    stream = "academy-ai-worker-cpu/i-0123456789abcdef0"
    options = {"awslogs-region": "ap-northeast-2", "awslogs-group": "/academy/ai-worker", "awslogs-stream": stream}
    assert started == Run(VALUES, "awslogs", options)
    assert log[-1] == "worker started"
    assert not list((tmp_path / "root/opt").iterdir())


@pytest.mark.parametrize(
    ("step", "words", "last"),
    [
        ("metadata", "curl: (28) Connection timed out", "ERROR: IMDSv2 instance id unavailable"),
        ("packages", "Error: Unable to find a match: docker", "ERROR: ECR login/pull failed"),
        ("login", "An error occurred (AccessDeniedException)", "ERROR: ECR login/pull failed"),
        ("pull", "Error response from daemon: manifest unknown", "ERROR: ECR login/pull failed"),
        ("run", "docker: Error response from daemon: Conflict.", "ERROR: docker run failed"),
    ],
)
def test_a_step_that_fails_stops_it_and_says_why(tmp_path: Path, step: str, words: str, last: str) -> None:
    started, log = booted(tmp_path, **{step: words})
    assert started is None
    assert words in log
    assert log[-1] == last


def test_one_that_stops_without_its_parameter_is_ended_by_it_and_cloud_init_says_so(tmp_path: Path) -> None:
    words = "An error occurred (AccessDeniedException) when calling the GetParameter operation"
    started, log = booted(tmp_path, parameter=words)
    assert (started, log[-1]) == (None, words)
    assert "Failed to run module" in (tmp_path / "root/var/log/cloud-init-output.log").read_text("utf-8")


def test_an_error_of_the_script_itself_ends_it(tmp_path: Path) -> None:
    started, log = booted(tmp_path, script="IMAGE: unbound variable")
    assert started is None
    assert any("IMAGE: " in line for line in log)
    assert "Failed to run module" in (tmp_path / "root/var/log/cloud-init-output.log").read_text("utf-8")


def test_it_tries_to_pull_five_times(tmp_path: Path) -> None:
    _, log = booted(tmp_path, pull="toomanyrequests")
    assert log.count("toomanyrequests") == 5


@pytest.mark.parametrize("parameter", [None, "not base64 of JSON", "R2_ENDPOINT=https://r2.example"])
def test_a_parameter_that_can_t_be_read_gives_a_worker_without_environment_silently(
    tmp_path: Path, parameter: str | None
) -> None:
    started, log = booted(tmp_path, parameter)
    assert started
    assert started.env == {}
    assert log[-1] == "worker started"


def test_no_secret_is_in_its_log(tmp_path: Path) -> None:
    assert "a=b c" not in "\n".join(booted(tmp_path)[1])
