"""Why an instance's boot made no worker: what its user data and cloud-init wrote, read from the end."""

import re
from collections.abc import Collection, Sequence
from typing import Final

from checks.host_facts import BootLog
from checks.log_forms import bare
from checks.words import meaning, table

_MADE: Final = re.compile(r"^\W{0,3}[0-9a-f]{64}$")
"""What ``docker run -d`` prints: the id of the container that it has made."""
_STEPS: Final = table(
    # docker asks for a password where it was given none, as the command before it failed.
    ("image-pull", r"ECR login/pull failed|failed to pull|(docker|image) pull failed|perform an interactive login"),
    ("docker-run", r"docker run failed|docker: error response from daemon"),
    ("metadata", r"IMDSv2 instance id unavailable"),
    # cloud-init has taken it for no script, and run nothing.
    ("script", r"unhandled non-multipart|unhandled unknown content-type"),
)
"""By which step a script says that it stops; why, stands above."""
_SIGNS: Final = table(
    (
        "disk",
        r"no space left on device|not enough free space|more space needed on the|disk quota exceeded",
        r"insufficient (disk )?space|disk requirements:|needs \d{1,9} ?[KMGT]i?B more space",
    ),
    ("memory", r"cannot allocate memory|out of memory|^.{0,120}\bKilled\b"),
    # The instance's own, whatever was asked for with it.
    (
        "clock",
        r"signature (expired|not yet current)|RequestExpired|RequestTimeTooSkewed",
        r"not yet valid(?!:.{0,80} is after )|current time .{1,60} is before",
        r"Release file .{1,300} is not valid yet",
    ),
    ("parameter", r"when calling the GetParameters? operation|ssm:GetParameter|ParameterNotFound"),
    # What is in it can't be decoded, or is no environment.
    (
        "parameter",
        r"poorly formatted environment|invalid env(ironment)? file|variable '.{0,80}' contains whitespace",
        r"base64: invalid input|\bjq: (parse )?error|JSONDecodeError|binascii\.Error",
    ),
    ("metadata", r"169\.254\.169\.254|imds|latest/api/token"),
    (
        "architecture",
        r"exec format error|no matching manifest for|no match for platform in manifest",
        r"does not match the (detected host|specified) platform",
        r"cannot execute binary file|image operating system \"[^\"]{1,30}\" cannot be used",
    ),
    ("rate-limit", r"toomanyrequests|too many requests|rate exceeded|rate limit"),
    (
        "image-missing",
        r"manifest (unknown|for .{1,300} not found|invalid)|name unknown",
        r"failed to resolve reference .{1,600}: not found",
        r"repository .{1,200} (does not exist in the registry|not found)",
        r"(requested image|image) (not found|does not exist)|invalid (reference|digest) format",
        r"unable to find image .{1,300} locally\W{1,9}error|RepositoryNotFoundException|ImageNotFound",
    ),
    (
        "image-pull",
        r"no basic auth credentials|pull access denied|requested access to the resource is denied",
        r"not authorized to perform: ecr|ecr:[A-Za-z]{3,40} on resource|authorization token has expired",
        r"unable to locate credentials|denied: (your authorization|user)|unauthorized: |\b401 unauthorized",
        r"\b403 forbidden|error saving credentials",
    ),
    # The user that the script runs docker as has no right to; or it has the line ends of Windows.
    ("script", r"permission denied while trying to connect to the docker", r"\\r'?: command not found"),
    (
        "packages",
        r"unit (file )?docker(\.service)? (could not be|not) found|unit file docker\.service does not exist",
        r"client version .{1,20} is too (new|old)",
        r"docker: (command )?not found|line \d{1,4}: \S{1,80}: command not found",
    ),
    (
        "docker-daemon",
        r"connect to the docker (daemon|api)|is the docker daemon running|error during connect:",
        (
            r"(docker|containerd)\.sock\b.{0,200}(\bEOF|no such file|refused|timed? ?out|deadline exceeded"
            r"|reset by peer|broken pipe)|\b(dockerd|containerd)\b.{0,80}(panic|fatal|failed)"
        ),
        r"failed to (start|enable) .{0,40}(docker|containerd)|job for (docker|containerd)\.service failed",
        r"docker\.service: (start request repeated|main process exited)|failed to start daemon",
        r"daemon (is shutting down|not running)|failed to (dial|connect).{0,80}containerd",
    ),
    (
        "network",
        r"connection refused|i/o timeout|timed out|timeout (was reached|exceeded)|TLS handshake timeout",
        r"no route to host|network is unreachable|context deadline exceeded|request canceled while waiting",
        r"(could not|cannot|can't|couldn't) (resolve|connect)|failed to connect to|name or service not known",
        r"temporary failure in name resolution|no such host|connection reset by peer",
        r"connect timeout on endpoint|proxyconnect tcp|unexpected EOF(?! while)|/v2/.{0,300}: EOF\b",
        r"server gave HTTP response|received unexpected HTTP status: 5\d\d|x509: ",
        r"curl error \((6|7|28|35|52|56)\)|server misbehaving",
    ),
    (
        "packages",
        r"unable to find a match|no package .{1,80} available|no match for argument",
        r"failed to download metadata|errors during downloading metadata|cannot find a valid baseurl",
        r"no more mirrors|all mirrors were (already )?tried",
        r"unable to locate package|could not get lock|currently holding the yum lock|rpmdb|gpg check failed",
        r"public key .{1,100} is not installed|nothing provides|conflicting requests",
        r"problem with the installed",
        r"(dpkg|rpm|yum|dnf|apt|apt-get)\b.{0,80}(error|failed|interrupted)",
    ),
    ("log-driver", r"failed to (initialize logging driver|create Cloudwatch log)"),
    (
        "docker-run",
        r"docker: |conflict\. the container name|unknown (flag|shorthand flag)|invalid argument",
        r"failed to create (shim )?task|OCI runtime",
        r"open .{1,200}\.env: no such file",
        r"bind source path does not exist|error response from daemon",
    ),
    # The shell's own words for the script itself.
    ("script", r"unbound variable|parameter (null or )?not set|bad substitution|syntax error|unexpected end of"),
)
_REASONS: Final = frozenset(reason for _, reason in _SIGNS)
_OF_DOCKER: Final = frozenset({"packages", "docker-daemon", "script"})
_OF_BOTH: Final = _OF_DOCKER | {
    *("image-pull", "image-missing", "rate-limit", "network", "disk", "memory", "architecture", "clock")
}
_OF_STEP: Final = {
    "image-pull": _OF_BOTH,
    "docker-run": _OF_BOTH | {"docker-run", "log-driver", "parameter"},
    "metadata": frozenset({"metadata"}),
    "script": frozenset(),
}
"""Why a step can fail."""
_AROUND: Final = frozenset({"clock", "disk", "memory", "network", "packages", "metadata"})
_FOLLOWS: Final = table(
    # The login that failed before gives the next command no password, and the registry no credentials.
    (
        _AROUND | {"image-pull"},
        r"no basic auth credentials|interactive login|password is empty|cannot be empty|must provide --username",
        r"may require '?docker login|\b401 unauthorized",
    ),
    (frozenset({"metadata"}), r"unable to locate credentials|NoCredential|must specify a region|load credentials"),
    # What could not be installed, or not be started, is not there when it is called.
    (_AROUND, r": (command )?not found|docker(\.service)? (could not be |not )found|docker\.service does not exist"),
    (_AROUND - {"packages"}, r"failed to download metadata|cannot find a valid baseurl|mirrors were|no more mirrors"),
    (_AROUND | {"docker-daemon"}, r"connect to the docker (daemon|api)|is the docker daemon running|docker\.sock"),
    # What could not be fetched is no environment.
    (
        _AROUND | {"parameter"},
        r"\.env\S{0,9}: no such file|poorly formatted environment|base64: invalid input|\bjq: (parse )?error",
        r"JSONDecodeError|binascii\.Error",
    ),
)
"""Lines that an earlier failure leads to, and why that may have failed."""
_NEXT_TRY: Final = re.compile(r"\b(attempt|retry|try) ?[#:(]? ?\d", re.IGNORECASE)
_OVERCOME: Final = table(
    (frozenset({"network", "packages", "clock"}), r"^complete!|setting up docker|^installed:"),
    (frozenset({"network", "packages", "clock", "metadata", "image-pull"}), r"login succeeded"),
    (frozenset({"packages", "docker-daemon"}), r"active \(running\)|docker version \d"),
)
"""What a script prints of a step that has done its part, and what did not keep it from that."""
_SCRIPT_FAILED: Final = re.compile(
    r"failed to run module scripts[-_]user|running module scripts[-_]user .{1,300} failed"
    r"|failed (to run|running) /var/lib/cloud|runparts: \d{1,3} failures",
    re.IGNORECASE,
)
"""cloud-init's word for user data that ended with an error, whatever the script itself says."""


def boot_failure(boot: BootLog, *, endless: bool = False) -> tuple[str, str] | None:
    """Return why a boot made no container, and the line that says so; None where nothing tells.

    The last that a script says is what it stopped at: an attempt before that may have failed as well, and once a
    container was made the boot did its part. An ``endless`` one still runs, longer than any boot does.
    """
    # That a script has failed may stand in cloud-init's log, and what it has failed at in the script's own.
    ended = next((number for number, line in enumerate(boot.cloud_init) if _SCRIPT_FAILED.search(line)), 0)
    both = (*boot.cloud_init[:ended], *boot.user_data, *boot.cloud_init[ended:])
    if found := _failure(boot.user_data) or _failure(both):
        return found
    lines = boot.user_data or boot.cloud_init
    return ("endless", lines[-1] if lines else "") if endless else None


def _failure(lines: Sequence[str]) -> tuple[str, str] | None:
    made = [number for number, line in enumerate(lines) if _MADE.match(bare(line).strip())]
    # A trace repeats the script's words, not what came of them.
    printed = [line for line in lines[made[-1] + 1 if made else 0 :] if not bare(line).startswith("+")]
    script: tuple[str, str] | None = None
    for number in reversed(range(len(printed))):
        step = meaning(printed[number], _STEPS)
        if step:
            return _why(printed[: number + 1], _OF_STEP[step]) or (step, printed[number])
        if script is None and _SCRIPT_FAILED.search(printed[number]):
            # Once a container was there, what else the script does is not what it lacks.
            why = _why(printed[:number], _REASONS - {"script"} if made else _REASONS)
            if why or made:
                return why
            script = "script", printed[max(0, number - 1)]
    return script


def _why(lines: Sequence[str], reasons: Collection[str], *, same_try: bool = False) -> tuple[str, str] | None:
    """Return the last of these reasons that a line tells, and the line; of what follows from an earlier one, that.

    Of the ``same_try``, what was written before the last try does not count.
    """
    left = frozenset(reasons)
    for number in reversed(range(len(lines))):
        line = lines[number]
        if same_try and _NEXT_TRY.search(line):
            break
        left -= meaning(line, _OVERCOME) or frozenset()
        if reason := next((sign for form, sign in _SIGNS if sign in left and form.search(line)), None):
            leads = meaning(line, _FOLLOWS) or frozenset()
            return _why(lines[:number], leads, same_try=True) or (reason, line)
    return None
