"""Whatever breaks between the browser and the job's status is told by layer, from behind the edge."""

import pytest

from tests.lab_at_hand import Lab

pytestmark = pytest.mark.xdist_group("lab-2")


@pytest.fixture(scope="module")
def job(running_lab: Lab) -> str:
    """A job that is done; only the way to it is broken."""
    return running_lab.ended(running_lab.do("lab", "upload"))


@pytest.mark.parametrize(
    "fault",
    [
        "endpoint-refused",
        "endpoint-timeout",
        "endpoint-tls",
        "endpoint-tls/expired",
        "edge-origin-down",
        "edge-origin-timeout",
        "edge-origin-timeout/response",
        "edge-tls-mode",
        "edge-tls-mode/certificate",
        "edge-blocked",
        "edge-blocked/rule",
        "edge-error",
        "edge-error/unreachable",
        "redirect-loop",
        "proxy-upstream-down",
        "proxy-misrouted",
        "gateway-timeout",
        "api-database-down",
        "api-error",
        "api-auth-rejected",
        "api-throttled",
        "api-host-rejected",
        "api-not-json",
    ],
)
def test_a_way_that_is_broken_is_named_and_heals(running_lab: Lab, job: str, fault: str) -> None:
    running_lab.do("lab", "break", fault)
    told = running_lab.diagnose(job)
    running_lab.do("lab", "heal")
    assert told.short == (1, "faulty", fault.partition("/")[0])
    assert running_lab.diagnose(job).short == (0, "healthy", None)


def test_two_faults_of_the_way_heal_together_and_twice(running_lab: Lab, job: str) -> None:
    running_lab.do("lab", "break", "edge-origin-timeout")
    running_lab.do("lab", "break", "endpoint-timeout")
    running_lab.do("lab", "heal")
    running_lab.do("lab", "heal")
    assert running_lab.diagnose(job).short == (0, "healthy", None)


def test_an_env_file_whose_certificates_are_gone_is_refused_in_one_line(running_lab: Lab) -> None:
    done = running_lab.tool("diagnose", SSL_CERT_FILE=str(running_lab.folder / "gone.pem"))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "gone.pem" in done.stderr
