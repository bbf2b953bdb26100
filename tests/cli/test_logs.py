"""``logs``: what every worker says, read through SSM in a running lab."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.between import action
from tests.commands import academy_ops
from tests.lab_driver import Lab
from tests.terminal import terminal
from tests.wire import Handler, respond, server

LINE = re.compile(r"(?P<instance>[0-9a-f]{8}) \d\d:\d\d:\d\dZ (?P<text>.*)")


@pytest.fixture
def two(lab: Lab) -> Iterator[Lab]:
    """A lab with two workers."""
    lab.do("lab", "heal")
    assert lab.tool("scale-worker", "--desired", "2", "--yes", "--wait").returncode == 0
    yield lab
    assert lab.tool("scale-worker", "--desired", "1", "--yes", "--interrupt-jobs").returncode == 0


def test_each_line_begins_with_its_instance_and_its_time(two: Lab) -> None:
    done = two.tool("logs")
    assert (done.returncode, done.stderr) == (0, "")
    result = [LINE.fullmatch(line) for line in done.stdout.splitlines()]
    started = {line["instance"] for line in result if line and line["text"].startswith("worker started")}
    assert None not in result
    assert len(started) == 2


def test_with_a_job_only_its_lines_are_told(lab: Lab) -> None:
    other, job = (lab.ended(lab.upload()) for _ in range(2))
    result = lab.tool("logs", "--job", job, "--since", "1h").stdout
    assert f"SQS_JOB_COMPLETED | job_id={job}" in result
    assert all(job in line for line in result.splitlines())
    assert other not in result


def test_json_is_an_object_a_line(lab: Lab) -> None:
    job = lab.ended(lab.upload())
    lines = [json.loads(line) for line in lab.tool("logs", "--job", job, "-o", "json").stdout.splitlines()]
    assert [sorted(line) for line in lines] == [["instance", "message", "time"]] * len(lines)
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    assert lines[-1]["message"] == f"SQS_JOB_COMPLETED | job_id={job}"


def test_yaml_is_one_list_of_the_same(lab: Lab) -> None:
    job = lab.ended(lab.upload())
    result = {form: lab.tool("logs", "--job", job, "-o", form).stdout for form in ("json", "yaml")}
    assert yaml.safe_load(result["yaml"]) == [json.loads(line) for line in result["json"].splitlines()] != []


def test_following_shows_each_later_line_once_and_ends_at_ctrl_c(lab: Lab) -> None:
    environ = {**lab.settings(), "PATH": "/usr/bin:/bin", "HOME": str(lab.folder), "NO_COLOR": "1"}
    with terminal("logs", "--follow", "--since", "1h", cwd=lab.folder, environ=environ, columns=200) as screen:
        screen.until("worker started")
        job = lab.upload()
        screen.until(f"SQS_JOB_COMPLETED | job_id={job}")
        later = lab.upload()
        screen.until(f"SQS_JOB_COMPLETED | job_id={later}")
        screen.interrupt()
        assert screen.ended() == 130
    assert "Traceback" not in screen.written
    assert screen.written.count(f"SQS_JOB_COMPLETED | job_id={job}") == 1


def test_no_secret_is_told(lab: Lab) -> None:
    lab.ended(lab.upload())
    result = lab.tool("logs", "--since", "2h").stdout
    assert not any(secret in result for secret in lab.secrets())


def test_a_worker_whose_agent_is_offline_is_named_and_nothing_was_read(lab: Lab) -> None:
    lab.break_fault("ssm-offline")
    done = lab.tool("logs")
    assert (done.returncode, done.stdout) == (3, "")
    assert re.fullmatch(r"i-[0-9a-f]+: not readable, the SSM agent is offline.\n", done.stderr)


def test_a_denied_action_is_named(lab: Lab) -> None:
    done = lab.tool("logs", **lab.keys_without("ssm:SendCommand"))
    assert (done.returncode, done.stdout) == (3, "")
    assert "the permission ssm:SendCommand is denied" in done.stderr


def test_without_a_worker_it_says_so(lab: Lab) -> None:
    lab.break_fault("worker-off")
    done = lab.tool("logs")
    said = "No worker instance is in service.\nFind out why: academy-ops check workers\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", said)


def test_a_malformed_time_is_refused(lab: Lab) -> None:
    done = lab.tool("logs", "--since", "5 minutes")
    assert (done.returncode, done.stderr) == (
        2,
        "academy-ops: The --since value '5 minutes' is not a duration. Examples: 30s, 10m, 2h, 7d.\n",
    )


def test_who_follows_is_not_left_alone_for_one_failure(tmp_path: Path) -> None:
    group = (
        b"<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>"
        b"<AutoScalingGroupName>g</AutoScalingGroupName><MinSize>0</MinSize><MaxSize>1</MaxSize><DesiredCapacity>0"
        b"</DesiredCapacity></member></AutoScalingGroups></DescribeAutoScalingGroupsResult>"
        b"</DescribeAutoScalingGroupsResponse>"
    )
    answers = [(200, group)]
    denied = (403, b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")

    def answer(handler: Handler) -> None:
        asked = action(handler) == "DescribeAutoScalingGroups"
        status, body = answers.pop() if asked and answers else denied
        respond(handler, status, body, **{"Content-Type": "text/xml"})

    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s", "AI_WORKER_ASG_NAME": "g"}
    with server(answer) as (url, _seen):
        done = academy_ops("logs", "--follow", "--timeout", "7", cwd=tmp_path, AWS_ENDPOINT_URL=url, **keys)
    assert (done.returncode, answers) == (3, []), done.stderr  # the last look has failed
    assert "Can't read the Auto Scaling group" in done.stderr.partition("No worker instance is in service.\n")[2]
