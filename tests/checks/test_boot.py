"""Why an instance's boot made no worker, read from what it wrote."""

from collections.abc import Callable

import pytest

from academy_ops.lab.faults.boots import USER_DATA
from checks.boot import boot_failure
from checks.host_facts import BootLog
from tests.checks import facts_factory as h

PULL = "2026-08-30T01:02:03Z ERROR: ECR login/pull failed"
RUN = "[userdata] docker run failed"
SCRIPTS = (
    "util.py[WARNING]: Running module scripts-user failed; Failed to run module scripts-user (scripts in /var/lib)"
)
TAIL = "Cloud-init v. 22.2.2 finished at Sun, 30 Aug 2026 01:02:03 +0000. Datasource DataSourceEc2. Up 83.49 seconds"
ECR = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com"
MADE = "4f5ce7a1d0f8e9b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef01234"

FAILED: dict[str, list[tuple[str, ...]]] = {
    "image-pull": [
        (f"Error response from daemon: Head https://{ECR}/v2/w/manifests/x: no basic auth credentials", PULL),
        ("User: arn:aws:sts::1:assumed-role/w/i-0 is not authorized to perform: ecr:GetAuthorizationToken", PULL),
        ("Unable to locate credentials. You can configure credentials by running aws configure.", PULL),
        ("pull access denied for worker, repository does not exist or may require docker login", PULL),
        (PULL,),
    ],
    "image-missing": [
        (f"manifest for {ECR}/w:gone not found: manifest unknown: Requested image not found", PULL),
        ("name unknown: The repository with name 'w' does not exist in the registry with id '1'", PULL),
        ("Unable to find image 'w:9' locally", "docker: Error response from daemon: manifest unknown.", RUN),
    ],
    "rate-limit": [
        ("Error response from daemon: toomanyrequests: Rate exceeded", PULL),
        ("toomanyrequests: You have reached your unauthenticated pull rate limit.", PULL),
    ],
    "network": [
        ("dial tcp: lookup api.ecr.ap-northeast-2.amazonaws.com on 10.0.0.2:53: no such host", PULL),
        (f'Get "https://{ECR}/v2/": dial tcp 10.1.2.3:443: connect: connection refused', PULL),
        (f'Get "https://{ECR}/v2/": net/http: TLS handshake timeout', PULL),
        ('Connect timeout on endpoint URL: "https://api.ecr.ap-northeast-2.amazonaws.com/"', PULL),
        (f'Error response from daemon: Get "https://{ECR}/v2/": EOF', PULL),
        ("received unexpected HTTP status: 503 Service Unavailable", PULL),
        ("Error response from daemon: Get https://r/v2/: proxyconnect tcp: dial tcp 10.0.0.9:3128: timeout", PULL),
        ("Could not resolve host: al2023-repos-ap-northeast-2.s3.dualstack.amazonaws.com", SCRIPTS, TAIL),
    ],
    "docker-run": [
        ('docker: Error response from daemon: Conflict. The container name "/w" is already in use', RUN),
        ("docker: open /opt/workers.env: no such file or directory.", RUN),
        ("unknown flag: --log-optt", "See 'docker run --help'.", RUN),
        (RUN,),
    ],
    "log-driver": [
        ("docker: Error response from daemon: failed to initialize logging driver: AccessDeniedException", RUN),
        ("docker: failed to initialize logging driver: no EC2 IMDS role found", RUN),
    ],
    "packages": [
        ("Error: Unable to find a match: docker", SCRIPTS),
        ("No package docker available.", "Error: Nothing to do", SCRIPTS, TAIL),
        ("/var/lib/cloud/instance/scripts/part-001: line 9: docker: command not found", PULL),
        ("E: Could not get lock /var/lib/dpkg/lock-frontend", SCRIPTS),
    ],
    "docker-daemon": [
        ('error during connect: Post "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/images/create": EOF', PULL),
        ('docker: error during connect: Head "http://%2Fvar%2Frun%2Fdocker.sock/_ping": read: connection reset', RUN),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", PULL),
        ("dial unix /var/run/docker.sock: connect: no such file or directory", RUN),
        ("Job for docker.service failed because the control process exited with error code.", SCRIPTS),
        ('failed to dial "/run/containerd/containerd.sock": context deadline exceeded', PULL),
    ],
    "script": [("permission denied while trying to connect to the Docker daemon socket at unix:///x.sock", PULL)],
    "disk": [
        ("failed to register layer: Error processing tar file: write /lib/x.so: no space left on device", PULL),
        ("Error Summary", "At least 320MB more space needed on the / filesystem.", SCRIPTS),
    ],
    "architecture": [
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", PULL),
        ("exec /usr/local/bin/python: exec format error", RUN),
    ],
    "metadata": [("ERROR: IMDSv2 instance id unavailable",), ("curl http://169.254.169.254/latest/api/token", SCRIPTS)],
}  # fmt: skip
WELL: dict[str, tuple[str, ...]] = {
    "nothing was written": (),
    "it made a container": ("pulling", MADE, "worker started", TAIL),
    "a pull failed and the next one did not": (FAILED["network"][1][0], "attempt 2", PULL, "attempt 3", MADE),
    "a package only warned": ("WARNING: connection timed out to one mirror", "Complete!", TAIL),
    "its trace names what it would say": ("+ echo 'ERROR: ECR login/pull failed'",),
}


def test_each_way_in_which_a_boot_stops_has_its_reason(compared: Callable[[int], None]) -> None:
    found = [(reason, lines) for reason, ways in FAILED.items() for lines in ways]
    for reason, lines in found:
        for boot in (BootLog("finished", lines), BootLog("finished", (), lines)):
            failure = boot_failure(boot)
            assert failure is not None, lines
            assert failure[0] == reason, lines
    compared(2 * len(found))


@pytest.mark.parametrize("lines", WELL.values(), ids=WELL)
def test_a_boot_that_did_its_part_has_not_failed(lines: tuple[str, ...]) -> None:
    assert boot_failure(BootLog("finished", lines)) is None


def test_the_last_attempt_counts() -> None:
    lines = (FAILED["network"][0][0], "attempt 5 of 5", FAILED["image-pull"][0][0], PULL)
    assert boot_failure(BootLog("finished", lines)) == ("image-pull", lines[2])


def test_the_lab_stops_for_every_reason_that_its_words_tell(compared: Callable[[int], None]) -> None:
    for reason, lines in USER_DATA.items():
        failure = boot_failure(BootLog("finished", lines))
        assert failure is not None
        assert failure[0] == reason
    compared(len(USER_DATA))


@pytest.mark.parametrize(
    ("boot", "seconds", "cause", "reason"),
    [
        (BootLog("finished", FAILED["disk"][0]), 150, "worker-boot-failed", "disk"),
        (BootLog("finished", FAILED["disk"][0]), 7200, "worker-boot-failed", "disk"),
        (BootLog("running", FAILED["network"][1]), 7200, "worker-boot-failed", "network"),
        (BootLog("running", ("still pulling",)), 7200, "worker-boot-failed", "endless"),
        (BootLog("finished", WELL["it made a container"]), 7200, "worker-container-missing", None),
        (None, 7200, "worker-container-missing", None),
        (BootLog("running", FAILED["network"][1]), 900, None, None),
        (BootLog("running", ("installing docker",)), 150, None, None),
        (BootLog("finished", WELL["it made a container"]), 150, None, None),
    ],
)
def test_a_boot_is_a_fault_where_it_has_ended_or_never_will(
    boot: BootLog | None, seconds: float, cause: str | None, reason: str | None
) -> None:
    case = h.case(
        document=h.job("PENDING", age=400),
        queue=h.queue(h.depth(1), oldest_seconds=400.0),
        workers=h.workers(boot=seconds),
        logs=h.logs(container=None, boot=boot),
    )
    verdict = h.verdict(case)
    assert (verdict.cause, verdict.reason) == (cause, reason)
    if cause is None:
        assert (verdict.status, verdict.warnings) == ("in-progress", ("worker-booting",))


def test_an_error_of_the_script_within_a_step_is_the_scripts(compared: Callable[[int], None]) -> None:
    said = (
        "/bin/sh: 27: IMAGE: parameter not set",
        "part-001: line 31: IMAGE: unbound variable",
        "part-001: line 9: ${IMAGE%%/*: bad substitution",
        "part-001: line 40: syntax error near unexpected token `fi'",
    )
    for line in said:
        for step in ("ERROR: ECR login/pull failed", "ERROR: docker run failed"):
            found = boot_failure(BootLog("finished", (line, step)))
            assert found == ("script", line)
    # What stands there of the registry, comes later and counts.
    denied = "Error response from daemon: no basic auth credentials"
    assert boot_failure(BootLog("finished", (said[0], denied, "ERROR: ECR login/pull failed"))) == (
        "image-pull",
        denied,
    )
    compared(len(said))


NOT_INSTALLED = "/var/lib/cloud/instance/scripts/part-001: line 14: docker: command not found"
NO_PASSWORD = "Error: Cannot perform an interactive login from a non TTY device"
NO_CREDENTIALS = f"Error response from daemon: Head https://{ECR}/v2/w/manifests/x: no basic auth credentials"
NO_DAEMON = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
LATE = "Signature expired: 20260830T010203Z is now earlier than 20260830T035803Z (20260830T040303Z - 5 min.)"
AT_ECR = f"An error occurred (InvalidSignatureException) when calling the GetAuthorizationToken operation: {LATE}"
UNREACHED = 'Could not connect to the endpoint URL: "https://api.ecr.ap-northeast-2.amazonaws.com/"'
LED_TO: list[tuple[str, tuple[str, ...]]] = [
    ("clock", (AT_ECR, NO_PASSWORD, PULL)),
    ("clock", (AT_ECR, NO_PASSWORD, NO_CREDENTIALS, PULL)),
    ("clock", (f"(InvalidSignatureException) when calling the GetParameter operation: {LATE}", SCRIPTS)),
    ("clock", ("x509: certificate has expired or is not yet valid: current time 2019 is before 2020", PULL)),
    ("clock", ("curl: (60) SSL certificate problem: certificate is not yet valid", NOT_INSTALLED, PULL)),
    ("clock", (f"docker: failed to create Cloudwatch log stream: InvalidSignatureException: {LATE}", RUN)),
    ("clock", ("E: Release file for http://a/InRelease is not valid yet (invalid for 3h)", NOT_INSTALLED, SCRIPTS)),
    ("network", (UNREACHED, NO_PASSWORD, NO_CREDENTIALS, PULL)),
    ("network", ("Curl error (28): Timeout was reached for https://al2023-repos", NOT_INSTALLED, PULL)),
    ("network", ("Could not connect to the endpoint URL", "base64: invalid input", SCRIPTS)),
    ("packages", ("Error: Unable to find a match: docker", "Unit docker.service not found.", NO_DAEMON, RUN)),
    ("packages", ("part-001: line 9: aws: command not found", NO_PASSWORD, NO_CREDENTIALS, PULL)),
    ("packages", ("[Errno 2] No such file or directory: '/var/cache/dnf/x/libcgroup-3.0.rpm'", NOT_INSTALLED, PULL)),
    ("disk", ("Error: At least 210MB more space needed on the / filesystem.", NOT_INSTALLED, PULL)),
    ("memory", ("part-001: line 4:  2117 Killed                  dnf install -y docker", NOT_INSTALLED, PULL)),
    ("metadata", ("curl: (28) 169.254.169.254", "Unable to locate credentials.", NO_PASSWORD, PULL)),
    ("parameter", ("(AccessDenied) when calling the GetParameter operation", "open /opt/w.env: no such file", RUN)),
    ("docker-daemon", ("Job for docker.service failed because a timeout was exceeded.", NO_DAEMON, PULL)),
]  # fmt: skip
STAND_ALONE: list[tuple[str, tuple[str, ...]]] = [
    ("image-pull", ("Curl error (28): Timeout was reached for https://mirror", "Complete!", NO_PASSWORD, PULL)),
    ("image-pull", (UNREACHED, NO_PASSWORD, "attempt 2", "Login Succeeded", NO_CREDENTIALS, PULL)),
    ("docker-daemon", ("Errors during downloading metadata for repository 'x':", "Complete!", NO_DAEMON, PULL)),
    ("image-pull", ("SignatureDoesNotMatch: the request signature we calculated does not match", NO_CREDENTIALS, PULL)),
    ("network", ("x509: certificate has expired or is not yet valid: current time 2026 is after 2025", PULL)),
]


def test_what_only_follows_from_an_earlier_failure_is_told_as_that(compared: Callable[[int], None]) -> None:
    for reason, lines in (*LED_TO, *STAND_ALONE):
        failure = boot_failure(BootLog("finished", lines))
        assert failure is not None, lines
        assert failure[0] == reason, lines
    compared(len(LED_TO) + len(STAND_ALONE))
