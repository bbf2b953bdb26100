"""What may be run on a worker's host."""

import shutil
import subprocess

import pytest

from academy_ops.outside.host_scripts import is_ours, log_lines, probe

SALT = "0" * 32


def test_the_probe_is_recognised_as_ours() -> None:
    assert is_ours(probe("academy-ai-worker-cpu", "job-1", SALT))
    assert is_ours(probe("academy-ai-worker-cpu", None, SALT))


def test_the_reader_of_logs_is_recognised_as_ours() -> None:
    assert is_ours(log_lines("academy-ai-worker-cpu", "job-1", 600))
    assert is_ours(log_lines("academy-ai-worker-cpu", None, 1))


@pytest.mark.parametrize(
    ("container", "job_id", "since"), [("c'", "j", 1), ("c", "j k", 1), ("c", "j", 0), ("c", "j", -1)]
)
def test_a_part_of_the_reader_that_is_not_of_its_form_is_refused(container: str, job_id: str, since: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the value itself is the message
        log_lines(container, job_id, since)


@pytest.mark.parametrize(
    "change", [lambda s: s + "rm -rf /\n", lambda s: "id\n" + s, lambda s: s.replace("awk", "gawk", 1)]
)
def test_a_script_with_anything_else_in_it_is_not(change: object) -> None:
    assert callable(change)
    assert not is_ours(change(probe("c", "j", SALT)))


@pytest.mark.parametrize(
    ("container", "job_id", "salt"),
    [
        ("c'; reboot; '", "j", SALT),
        ("", "j", SALT),
        ("c", "j' $(reboot)", SALT),
        ("c", "j\nreboot", SALT),
        ("c", "j", "not-hex"),
    ],
)
def test_a_part_that_could_break_out_of_its_quotes_is_refused(container: str, job_id: str, salt: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the value itself is the message
        probe(container, job_id, salt)


def test_on_a_host_without_docker_it_says_so_and_succeeds() -> None:
    shell = shutil.which("sh")
    assert shell
    done = subprocess.run(
        [shell, "-c", probe("c", "j", SALT)], env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "docker=missing" in done.stdout.splitlines()
