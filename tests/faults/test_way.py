"""The edge in front of the lab: faults of the way heal together, and its certificate is trusted."""

from collections.abc import Iterator

import pytest

from tests.lab_driver import Lab


@pytest.fixture(scope="module")
def job(running_lab: Lab) -> str:
    """A job that is done; only the way to it is broken."""
    return running_lab.ended(running_lab.do("lab", "upload"))


@pytest.fixture
def lab(running_lab: Lab) -> Iterator[Lab]:
    """The lab, healed after each test; queue and workers are not touched here."""
    yield running_lab
    running_lab.do("lab", "heal")


def test_faults_of_the_way_heal_together_and_healing_twice_does_no_harm(lab: Lab, job: str) -> None:
    for fault in ("edge-origin-timeout", "endpoint-timeout", "api-error", "api-auth-rejected", "api-host-rejected"):
        lab.do("lab", "break", fault)
    lab.do("lab", "heal")
    lab.do("lab", "heal")
    assert lab.diagnose(job).short == (0, "healthy", None)


def test_the_env_file_alone_makes_a_command_trust_the_edge(lab: Lab, job: str) -> None:
    (lab.folder / "lab.env").write_text(lab.command("lab", "env").stdout, encoding="utf-8")
    assert lab.command("--env-file", "lab.env", "watch", job).returncode == 0


def test_certificates_that_are_gone_are_told_in_one_line(lab: Lab) -> None:
    done = lab.tool("diagnose", SSL_CERT_FILE=str(lab.folder / "gone.pem"))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "gone.pem" in done.stderr
