"""In what state a worker's container is, what Docker says of it, and what that proves."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from academy_ops.diagnosis.command import posix
from academy_ops.diagnosis.records import Finding, Unavailable, Verdict
from checks.group_facts import Refresh
from checks.host_facts import LogDriver, Parameter
from tests.checks import facts_factory as h
from tests.checks.scenarios import inside, waiting

NAMES = {**h.case().names, "worker": "academy-ai-worker-cpu", "worker_container": "academy-ai-worker-cpu"}
COMPLETED = "SQS_JOB_COMPLETED | job_id=x"


def offered_by(finding: Finding) -> str:
    return " ".join(posix(remedy.steps) for remedy in finding.remedies)


def told(**changes: Any) -> Verdict:
    return h.verdict(h.case(**waiting(logs=h.logs(h.container(**changes)))))


@pytest.mark.parametrize(
    ("changes", "cause", "reason"),
    [
        ({"status": "paused"}, "worker-container-exited", "paused"),
        ({"status": "dead", "exit_code": 1}, "worker-container-exited", "dead"),
        ({"status": "removing"}, "worker-container-exited", "dead"),
        ({"status": "created", "exit_code": 127, "error": "no such file"}, "worker-container-exited", "start-failed"),
        ({"status": "exited", "exit_code": 128, "error": "OCI runtime"}, "worker-container-exited", "start-failed"),
        ({"status": "exited", "exit_code": 1}, "worker-container-exited", None),
        ({"status": "exited", "exit_code": 128, "error": "mkdir: no space left on device"}, "worker-disk-full", "idle"),
        ({"status": "exited", "exit_code": 1, "out_of_memory": True}, "worker-out-of-memory", None),
        ({"status": "exited", "exit_code": 143, "out_of_memory": True}, "worker-container-exited", None),
        ({"killed_at": (h.ago(100),)}, "worker-out-of-memory", None),
        ({"killed_at": (h.ago(100),), "tail": (h.line(COMPLETED, 300),)}, "worker-out-of-memory", None),
        (
            {"restarts": 1, "started_at": h.ago(50), "finished_at": h.ago(52), "killed_at": (h.ago(52),)},
            "worker-out-of-memory",
            None,
        ),
    ],
)  # fmt: skip
def test_each_state_has_its_cause_and_its_reason(changes: dict[str, Any], cause: str, reason: str | None) -> None:
    verdict = told(**changes)
    assert (verdict.cause, verdict.reason) == (cause, reason)


@pytest.mark.parametrize(
    "changes",
    [
        {"out_of_memory": True},
        {"out_of_memory": True, "killed_at": ()},
        {"killed_at": (h.ago(100),), "tail": (h.line(COMPLETED, 30),)},
        {"killed_at": (h.ago(4000),)},
        {"killed_at": (h.ago(500),), "restarts": 1, "started_at": h.ago(50), "finished_at": h.ago(52)},
        {"status": "running", "health": "healthy"},
        {"status": "running", "health": "starting"},
        {"status": "running", "name": "opt-academy-ai-worker-cpu-1"},
    ],
)
def test_what_looks_like_a_fault_of_the_container_and_is_none_is_not_told(changes: dict[str, Any]) -> None:
    findings = h.findings(h.case(logs=h.logs(h.container(**changes))))
    assert [one.status for one in findings if one.check == "logs"] == ["ok"]


def test_why_docker_could_not_start_it_is_on_the_screen_and_no_start_is_offered() -> None:
    error = 'exec: "/app/run": stat /app/run: no such file or directory: unknown'
    case = h.case(**waiting(logs=h.logs(h.container(status="created", exit_code=127, error=error))))
    (finding,) = (one for one in h.findings(case) if one.cause == "worker-container-exited")
    assert finding.evidence["error"] == error
    offered = offered_by(finding)
    assert "docker start" not in offered


@pytest.mark.parametrize("changes", [{"status": "exited"}, {"status": "created"}, {"status": "dead"}])
def test_no_image_is_removed_where_no_container_runs(changes: dict[str, Any]) -> None:
    case = h.case(**waiting(logs=h.logs(h.container(**changes), disk_percent=99)), names=NAMES)
    (finding,) = (one for one in h.findings(case) if one.cause == "worker-disk-full")
    offered = offered_by(finding)
    assert (finding.reason, "image prune" in offered) == ("idle", False)
    running = h.case(**waiting(logs=h.logs(disk_percent=99)), names=NAMES)
    (finding,) = (one for one in h.findings(running) if one.cause == "worker-disk-full")
    assert finding.reason is None
    assert "image prune" in offered_by(finding)


def test_a_container_of_another_name_is_the_one_that_the_commands_name() -> None:
    case = h.case(
        **waiting(logs=h.logs(h.container(status="exited", name="opt-worker-1"))),
        names=NAMES,
    )
    (finding,) = (one for one in h.findings(case) if one.cause == "worker-container-exited")
    assert "docker start opt-worker-1" in offered_by(finding)
    forged = h.case(**waiting(logs=h.logs(h.container(status="exited", name="x; reboot"))), names=NAMES)
    (finding,) = (one for one in h.findings(forged) if one.cause == "worker-container-exited")
    assert "reboot" not in offered_by(finding)


@pytest.mark.parametrize("words", ["docker inspect: no such file or directory", "template parsing error"])
def test_a_container_that_could_not_be_read_is_not_missing(words: str) -> None:
    unread = h.logs(container=None, container_unread=True, said=words)
    unavailable = {"i-0": Unavailable("unreadable", "docker inspect", words)}
    case = h.case(**waiting(logs=replace(unread, unavailable_hosts=unavailable)))
    unknown = [one for one in h.findings(case) if one.check == "logs" and one.status == "unknown"]
    assert [one.evidence["detail"] for one in unknown] == [words]
    assert "worker-container-missing" in unknown[0].may_conceal
    assert "worker-container-missing" not in {one.cause for one in h.findings(case)}


def test_a_log_that_can_not_be_read_is_said_to_be_with_its_driver() -> None:
    words = "configured logging driver does not support reading"
    inside = h.container(lines=0, tail=(), unreadable=words, log_driver=LogDriver("splunk"))
    findings = h.findings(h.case(**waiting(logs=h.logs(inside))))
    (unknown,) = (one for one in findings if one.check == "logs" and one.status == "unknown")
    assert "splunk" in unknown.summary.render("en")
    assert unknown.evidence["detail"] == words
    assert "worker-silent" not in {one.cause for one in findings}


def test_the_environment_is_as_old_as_the_container_and_not_as_its_start() -> None:
    other = replace(h.SAME, bucket="different", fingerprint="old")
    for created, started, cause in ((9000, 100, "worker-env-stale"), (100, 100, "worker-r2-mismatch")):
        inside = h.container(environment=other, created_at=h.ago(created), started_at=h.ago(started))
        logs = replace(h.logs(inside), parameter=Parameter("dotenv", h.ago(3000), h.SAME))
        assert h.verdict(h.case(**waiting(logs=logs))).cause == cause


@pytest.mark.parametrize(
    ("finished", "early", "wrote"),
    [
        (None, 0.09, True),
        (None, 0.5, False),
        (5.0, 0.09, True),
        (5.0, 4.0, True),
        (5.0, 5.0, False),
        (5.0, 60.0, False),
    ],
)
def test_a_line_dated_before_the_start_is_of_this_run_where_the_run_before_had_ended(
    finished: float | None,
    early: float,
    wrote: bool,
) -> None:
    start = h.ago(1000)
    ended = start - timedelta(seconds=finished) if finished else None
    container = replace(h.container().container, started_at=start, finished_at=ended)
    line = replace(h.line("x"), at=start - timedelta(seconds=early))
    assert container.wrote(line) is wrote


def test_two_images_are_named_with_who_runs_them() -> None:
    (host,) = h.logs(h.container(image_id="sha256:a", image_digest="r/w@sha256:1")).hosts
    assert host.container
    for digest, count in (("r/w@sha256:2", 1), ("r/w@sha256:1", 0)):
        other = replace(host, instance_id="i-1", container=replace(host.container, image_digest=digest))
        logs = replace(h.logs(), online={"i-0": True, "i-1": True}, hosts=(host, other))
        findings = h.findings(h.case(workers=h.workers(h.group(2)), logs=logs))
        found = [one for one in findings if one.cause == "worker-images-differ"]
        assert len(found) == count
        if found:
            assert found[0].evidence["images"] == ["r/w@sha256:1: i-0", "r/w@sha256:2: i-1"]


@pytest.mark.parametrize(
    ("now", "made", "refresh", "former"),
    [
        ("4", ("3", "4"), None, ["i-0: 3 < 4"]),
        ("$Latest", ("3", "4"), None, ["i-0: 3 < 4"]),
        ("$Latest", ("4", "4"), None, None),
        ("4", ("4", "4"), None, None),
        ("", ("", ""), None, None),
        ("4", ("3", "4"), Refresh("InProgress", 50, "", h.ago(60), None), None),
        ("4", ("3", "4"), Refresh("Successful", 100, "", h.ago(9000), h.ago(8000)), ["i-0: 3 < 4"]),
        ("lc-4", ("lc-3", "lc-4"), None, None),
    ],
)
def test_a_worker_of_a_former_launch_template_is_named_outside_of_a_deployment(
    now: str, made: tuple[str, str], refresh: Refresh | None, former: list[str] | None
) -> None:
    instances = tuple(replace(h.instance(f"i-{n}"), version=version) for n, version in enumerate(made))
    workers = h.workers(replace(h.group(2, instances=instances), version=now))
    case = h.case(workers=replace(workers, refresh=refresh), logs=replace(h.logs(), online={"i-0": True, "i-1": True}))
    found = [one for one in h.findings(case) if one.cause == "worker-images-differ"]
    assert [one.evidence["former"] for one in found] == ([former] if former else [])
    assert {one.reason for one in found} <= {"template"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "exited", "exit_code": 137, "out_of_memory": True, "memory_limit": 2**29}, "limit"),
        ({"oom_kills": 1, "killed_at": (h.ago(60),), "memory_limit": 2**29}, "limit"),
        ({"status": "exited", "exit_code": 137, "out_of_memory": True}, None),
        # Killed, but not for its own limit as far as Docker says.
        ({"status": "exited", "exit_code": 137, "memory_limit": 2**29}, None),
    ],
)
def test_a_container_that_reaches_its_own_limit_needs_no_larger_instance(
    changes: dict[str, Any], reason: str | None
) -> None:
    verdict = h.verdict(h.case(**inside(**changes)))
    assert (verdict.cause, verdict.reason) == ("worker-out-of-memory", reason)
    assert any("--memory" in str(one.text) for one in verdict.remedies) is (reason == "limit")


def test_a_limit_that_is_not_reached_is_no_fault() -> None:
    assert h.verdict(h.case(logs=h.logs(h.container(memory_limit=2**29)))).status == "healthy"
