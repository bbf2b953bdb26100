"""``smoke`` on a running lab: it passes where all is well, names what is broken, and leaves no student behind."""

import json
import re
import signal
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from academy_ops.academy.store import Store
from academy_ops.lab import operate
from academy_ops.smoke.records import MARK
from tests.lab_driver import Lab
from tests.terminal import terminal

WAITS = "8"
"""Seconds, for a fault with which the job would wait for ever."""


def smoke(lab: Lab, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = lab.tool("smoke", "-o", "json", *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def marked(lab: Lab) -> list[str]:
    """Return the marked students that are in the database."""
    store = Store(lab.settings()["DATABASE_URL"])
    try:
        students = store.students(lab.settings()["ACADEMY_TENANT_CODE"])
    finally:
        store.close()
    return [one["name"] for one in students if one["name"].startswith(MARK)]


def heal_and_work(lab: Lab) -> None:
    """Undo every fault, and let the workers do what was left waiting."""
    with lab.operated():
        operate.heal()
    lab.wait_for_worker()
    lab.ended(lab.upload())


def test_on_a_healthy_academy_it_passes_again_and_again_and_leaves_nothing(lab: Lab) -> None:
    for _ in range(2):
        code, document = smoke(lab)
        assert (code, document["result"], document["cause"]) == (0, "passed", None)
        assert (document["created"], document["deleted"], document["left"]) == (3, 3, None)
        assert document["hops_ms"]["accepted"] < document["hops_ms"]["ended"] <= document["hops_ms"]["taken-back"]
        assert marked(lab) == []


def test_people_see_each_hop_with_its_time(lab: Lab) -> None:
    result = lab.tool("smoke").stdout
    assert re.search(r"\d s  upload accepted\n", result)
    assert re.search(r"\d s  students deleted\n", result)
    assert result.endswith("All 3 students are registered: 3 new, 0 already there.\nSMOKE CHECK PASSED\n")


@pytest.mark.parametrize(
    ("fault", "cause", "seconds"),
    [
        ("endpoint-refused", "endpoint-refused", "20"),
        ("edge-origin-down", "edge-origin-down", "20"),
        ("redirect-loop", "redirect-loop", "20"),
        ("proxy-upstream-down", "proxy-upstream-down", "20"),
        ("api-auth-rejected", "api-auth-rejected", "20"),
        ("api-database-down", "api-database-down", "20"),
        ("r2-credentials-rejected", "r2-credentials-rejected", "20"),
        ("queue-missing", "queue-missing", WAITS),
        ("worker-off", "worker-scaled-to-zero", WAITS),
        ("worker-launch-suspended", "worker-launch-suspended", WAITS),
        ("worker-r2-mismatch", "worker-r2-mismatch", "20"),
    ],
)
def test_a_fault_is_named_and_nothing_is_left_behind(lab: Lab, fault: str, cause: str, seconds: str) -> None:
    lab.break_fault(fault)
    code, document = smoke(lab, "--timeout", seconds)
    assert (code, document["result"], document["cause"]) == (1, "failed", cause)
    heal_and_work(lab)
    assert marked(lab) == []


def test_what_one_run_could_not_take_back_a_later_one_does(lab: Lab) -> None:
    lab.break_fault("api-error")
    code, document = smoke(lab, "--timeout", "15")
    assert (code, document["cause"], document["deleted"]) == (1, "api-error", None)
    assert "could not be deleted" in document["left"]
    heal_and_work(lab)
    assert len(marked(lab)) == 3
    code, document = smoke(lab)
    assert (code, document["duplicates"], document["deleted"], marked(lab)) == (0, 3, 3, [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_takes_everything_back(lab: Lab, number: signal.Signals) -> None:
    lab.break_fault("worker-off")
    environ = {**lab.settings(), "PATH": "/usr/bin:/bin", "HOME": str(lab.folder)}
    with terminal("smoke", "--timeout", "60", cwd=lab.folder, environ=environ) as screen:
        screen.until("upload accepted")
        screen.interrupt(number)
        assert screen.ended() == 130
    assert "students deleted" in screen.written
    assert "Interrupted. Nothing was left behind." in screen.written
    heal_and_work(lab)
    assert marked(lab) == []


def test_each_form_of_output_tells_the_check_and_its_diagnosis(lab: Lab) -> None:
    lab.break_fault("proxy-upstream-down")
    result = {
        form: lab.tool("smoke", "--timeout", "20", "-o", form) for form in ("junit", "github", "markdown", "table")
    }
    assert {one.returncode for one in result.values()} == {1}
    suites = ET.fromstring(result["junit"].stdout)
    assert [one.get("name") for one in suites] == ["academy-ops smoke", "academy-ops"]
    failure = suites.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("type") == "proxy-upstream-down"
    first, second = result["github"].stdout.splitlines()[:2]
    assert first.startswith("::error title=SMOKE CHECK FAILED%3A proxy-upstream-down::The upload was not accepted")
    assert second.startswith("::error title=FAULT FOUND%3A proxy-upstream-down::")
    assert result["markdown"].stdout.startswith("# ❌ SMOKE CHECK FAILED\n")
    assert "FAULT FOUND: `proxy-upstream-down`" in result["markdown"].stdout
    assert result["table"].stdout.endswith("SMOKE CHECK FAILED  proxy-upstream-down\n")
