"""Every cause, provoked for real and named by the command; ``make faults`` prints it as a table.

A row breaks the lab, or changes the settings that the tool is given, and says what the verdict must be.
"""

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.lab.faults import FAULTS
from academy_ops.lab.faults.boots import USER_DATA
from tests.faults.printed import Place, run_printed
from tests.lab_driver import Lab, Told

Job = Literal["its own", "its own or none", "ended", "uploaded after", "none", "unknown"]
Expected = tuple[int, str, str | None]

REASONS = {
    "autoscaler-off": "rule-disabled",
    "endpoint-tls": "name",
    "redirect-loop": "https",
    "ssm-offline": "connection-lost",
    "worker-database-down": "unreachable",
    "worker-launch-failing": "capacity",
    "worker-no-instances": "terminating",
    "worker-queue-denied": "identity-policy",
    "worker-refresh-failed": "failed",
}
"""The reason that the way without a name of its own shows, where it shows one."""
NO_HOST = "https://no-such-host.invalid"
CLOSED = "http://127.0.0.1:9"
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
UNKNOWN_JOB = "6f3c1b1e-6a55-4f0b-9c0e-0d6f3f1f0a11"
BLINDING = {code for code, cause in CATALOGUE.items() if cause.inconclusive}
ENDS_BY_ITSELF = re.compile(r"excel-|job-partial|job-failed")
ADDRESSES = ("ACADEMY_API_URL", "ACADEMY_ORIGIN_URL", "ACADEMY_APP_URL", "R2_ENDPOINT")
MARKERS = ("<!-- faults: begin -->", "<!-- faults: end -->")


@dataclass(frozen=True)
class Row:
    """One way to provoke a cause.

    Attributes:
        name: The cause, and after a slash which way.
        faults: What is broken in the lab.
        environ: What is changed in the tool's settings; None leaves a setting out.
        job: Which job is asked about.
        wrong: A setting of the lab of which the last letter is changed.
        from_setting: A setting that takes the value of another.
        generation: Which generation of the lab shows it.
    """

    name: str
    faults: tuple[str, ...] = ()
    environ: Mapping[str, str | None] = field(default_factory=dict)
    job: Job = "none"
    wrong: str | None = None
    from_setting: tuple[str, str] | None = None
    generation: int = 1

    @property
    def code(self) -> str:
        """The cause that must be named."""
        return self.name.partition("/")[0]

    @property
    def reason(self) -> str | None:
        """The reason that must be named with it; None where the way is not called after one."""
        way = self.name.partition("/")[2]
        known = CATALOGUE[self.code].reasons if self.code in CATALOGUE else {}
        return REASONS.get(self.name) or (way if way in known else None)


def _of_fault(name: str) -> Row:
    """Ask after a fault of the lab as an operator would: about its own job, about one that ended before, and so on."""
    code = name.partition("/")[0]
    section = CATALOGUE[code].section if code in CATALOGUE else "1"
    # What keeps the job's state from being seen is asked about a job that was well; without R2 none can be made.
    job: Job = "its own or none" if section in {"0", "1"} else "ended" if section == "2" else "its own"
    return Row(name, (name,), job=job)


def _profile(profile: str, file: str = "profiles") -> dict[str, str | None]:
    """Return the settings of somebody who uses a profile."""
    keys = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    return {**keys, "AWS_CONFIG_FILE": str(Path(__file__).with_name(file)), "AWS_PROFILE": profile}


def _of_profile(way: str, profile: str, file: str = "profiles") -> Row:
    """Ask with a profile that can't give credentials."""
    return Row(f"aws-credentials-invalid/{way}", environ=_profile(profile, file))


SETTINGS: tuple[Row, ...] = (
    Row("aws-credentials-missing", environ={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}),
    Row("aws-credentials-missing/profile", environ={"AWS_PROFILE": "no-such-profile", "AWS_ACCESS_KEY_ID": None}),
    Row("aws-credentials-invalid/key", environ={"AWS_ACCESS_KEY_ID": KEY_ID}),
    Row("aws-credentials-invalid/secret", wrong="AWS_SECRET_ACCESS_KEY"),
    _of_profile("mfa", "mfa"),
    _of_profile("expired", "sso"),
    _of_profile("process", "process"),
    _of_profile("config", "ops", "profiles-broken"),
    _of_profile("config-source", "no-source"),
    _of_profile("web-identity", "web-identity"),
    Row("aws-credentials-invalid/malformed", environ={"AWS_SECRET_ACCESS_KEY": '"0123456789abcdef'}),
    Row("aws-credentials-invalid/swapped", environ={"AWS_ACCESS_KEY_ID": "k" * 40, "AWS_SECRET_ACCESS_KEY": KEY_ID}),
    Row("aws-credentials-invalid/no-session-token", environ={"AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE"}),
    Row("aws-credentials-invalid/session-token", environ={"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SESSION_TOKEN": "old"}),
    Row("aws-wrong-account", environ={"ACADEMY_AWS_ACCOUNT_ID": "999999999999"}),
    Row("aws-wrong-account/not-an-account", environ={"ACADEMY_AWS_ACCOUNT_ID": "academy"}),
    Row("aws-wrong-region", environ={"AWS_REGION": "us-east-1"}),
    Row("aws-wrong-region/job", environ={"AWS_REGION": "us-east-1"}, job="uploaded after"),
    Row("aws-wrong-region/zone", environ={"AWS_REGION": "ap-northeast-2a", "AWS_ENDPOINT_URL": CLOSED}),
    Row("aws-wrong-region/not-a-region", environ={"AWS_REGION": "Seoul", "AWS_ENDPOINT_URL": CLOSED}),
    Row(
        "aws-wrong-region/no-such-region",
        environ={"AWS_REGION": "ap-north-9", "AWS_ENDPOINT_URL": "https://sts.ap-north-9.invalid"},
    ),
    Row("aws-unreachable/port", environ={"AWS_ENDPOINT_URL": CLOSED}),
    Row("aws-unreachable/silence", environ=dict.fromkeys((*ADDRESSES, "AWS_ENDPOINT_URL"), CLOSED), job="ended"),
    Row("aws-unreachable/name", environ={"AWS_ENDPOINT_URL": NO_HOST}),
    Row("aws-keys-are-r2-keys", from_setting=("AWS_ACCESS_KEY_ID", "R2_ACCESS_KEY")),
    Row("aws-keys-are-r2-keys/profile", environ={**_profile("base"), "R2_ACCESS_KEY": KEY_ID}),
    Row("r2-env-missing/one", environ={"R2_SECRET_KEY": None}),
    Row("r2-env-missing/all", environ={"R2_ENDPOINT": None, "R2_ACCESS_KEY": "", "R2_SECRET_KEY": "  "}),
    Row("r2-env-malformed/quotes", environ={"R2_SECRET_KEY": '"0123456789abcdef"'}),
    Row("r2-env-malformed/newline", environ={"R2_ACCESS_KEY": "0123456789abcdef\n"}),
    Row("r2-env-malformed/placeholder", environ={"R2_SECRET_KEY": "changeme"}),
    Row("r2-env-malformed/path", environ={"R2_ENDPOINT": "https://r2.invalid/academy-excel"}),
    Row("r2-env-malformed/no-scheme", environ={"R2_ENDPOINT": "account.r2.cloudflarestorage.com"}),
    Row("r2-env-malformed/http", environ={"R2_ENDPOINT": "http://account.r2.cloudflarestorage.com"}),
    Row("r2-credentials-rejected/letter", wrong="R2_SECRET_KEY"),
    Row("r2-credentials-rejected/key", wrong="R2_ACCESS_KEY"),
    Row("r2-credentials-rejected/swapped", environ={"R2_ACCESS_KEY": "a" * 64, "R2_SECRET_KEY": "b" * 32}),
    Row("r2-bucket-missing/wrong-name", environ={"R2_EXCEL_BUCKET": "no-such-bucket"}),
    Row("r2-endpoint-unreachable/name", environ={"R2_ENDPOINT": NO_HOST}),
    Row("r2-endpoint-unreachable/port", environ={"R2_ENDPOINT": CLOSED}),
    Row("endpoint-dns", environ={"ACADEMY_API_URL": NO_HOST}, job="ended"),
    Row("endpoint-dns/no-job", environ={"ACADEMY_API_URL": NO_HOST}),
    Row("endpoint-refused/port", environ={"ACADEMY_API_URL": CLOSED}, job="ended"),
    Row("endpoint-tls/issuer", environ={"SSL_CERT_FILE": None}, job="ended"),
    Row(
        "bad-gateway",
        ("proxy-upstream-down",),
        {"ACADEMY_ORIGIN_URL": None, "ACADEMY_APP_URL": None},
        job="ended",
    ),
    Row("bad-gateway/no-job", ("proxy-misrouted",), {"ACADEMY_ORIGIN_URL": None, "ACADEMY_APP_URL": None}),
    Row("api-auth-rejected/token", job="ended", wrong="ACADEMY_API_TOKEN"),
    Row("api-auth-rejected/no-job", wrong="ACADEMY_API_TOKEN"),
    Row("api-error/no-job", ("api-error",)),
    Row("api-auth-rejected/tenant", environ={"ACADEMY_TENANT_CODE": "another"}, job="ended"),
    Row("api-not-json/path", from_setting=("ACADEMY_API_URL", "R2_ENDPOINT"), job="ended"),
    Row("job-not-found", job="unknown"),
    Row("queue-missing/wrong-name", environ={"AI_SQS_QUEUE_NAME_BASIC": "another-queue"}, job="uploaded after"),
    Row("queue-missing/bad-name", environ={"AI_SQS_QUEUE_NAME_BASIC": "academy ai jobs"}),
    Row("undetermined/proxy", environ={"HTTPS_PROXY": CLOSED, "NO_PROXY": ""}, job="ended"),
    Row("undetermined/certificates", environ={"SSL_CERT_FILE": None, "SSL_CERT_DIR": "/no/such/folder"}, job="ended"),
)
ROWS: tuple[Row, ...] = (*SETTINGS, *(_of_fault(name) for name in FAULTS))
SECOND_GENERATION: tuple[Row, ...] = tuple(
    replace(_of_fault(f"worker-boot-failed/{reason}"), generation=2) for reason in USER_DATA
)
"""There the user data really runs, and fails at each of its steps."""


def expected(row: Row) -> Expected:
    """Return exit code, status and cause that a row must give; a warning leaves the cause empty."""
    if row.code not in CATALOGUE:
        return 3, "undetermined", None
    if row.code in BLINDING:
        return 3, "undetermined", row.code
    return 1, "faulty", row.code


def provoke(lab: Lab, row: Row) -> tuple[Told, float]:
    """Break what the row names, ask about its job, and return what was told and in how many milliseconds."""
    job_id = lab.ended_job() if row.job == "ended" else None
    made = [lab.break_fault(fault) for fault in row.faults]
    if row.job.startswith("its own"):
        job_id = next(filter(None, made), None)
        if job_id is None and row.job == "its own":
            job_id = lab.upload()
        if job_id and ENDS_BY_ITSELF.match(row.code):
            lab.ended(job_id)
    elif row.job == "uploaded after":
        job_id = lab.upload()
    elif row.job == "unknown":
        job_id = UNKNOWN_JOB
    started = time.perf_counter()
    result = lab.diagnose(*filter(None, [job_id]), "--save", str(lab.evidence), **changed(lab, row))
    return result, (time.perf_counter() - started) * 1000


def changed(lab: Lab, row: Row) -> dict[str, str | None]:
    """Return what a row changes in the tool's settings."""
    environ = dict(row.environ)
    if row.wrong:
        right = lab.settings()[row.wrong]
        environ[row.wrong] = right[:-1] + ("a" if right[-1] != "a" else "b")
    if row.from_setting:
        environ[row.from_setting[0]] = lab.settings()[row.from_setting[1]]
    return environ


def run_remedies(lab: Lab, row: Row, told: Told, *, verify: bool = True, by_cli: bool = False) -> int:
    """Run every command that the row's diagnosis prints for its code; return how many.

    Raises:
        AssertionError: One failed.
    """
    place = Place(lab, changed(lab, row), by_cli)
    return run_printed(place, told, row.code, told.document["job_id"], verify=verify) if row.code in CATALOGUE else 0


def clean_up(lab: Lab, row: Row) -> None:
    """Bring the lab back, where the row has changed it."""
    if row.faults or row.job == "uploaded after" or row.code == "queue-missing":
        lab.start_afresh()


def right(row: Row, told: Told) -> bool:
    """Return whether the command named the row's cause; a code that can only warn stands among the warnings.

    A way that is called as a reason of the code must be told as that.
    """
    if row.code not in CATALOGUE:
        return told.short == expected(row)
    reasons = {finding["reason"] for finding in told.document["findings"] if finding["cause"] == row.code}
    if row.reason and row.reason not in reasons:
        return False
    if told.short == expected(row):
        return True
    only_warns = CATALOGUE[row.code].warn
    well = told.verdict["status"] in {"healthy", "in-progress"}
    return only_warns and well and row.code in told.verdict["warnings"]


def table(results: Sequence[tuple[Row, Told, float]]) -> Iterator[str]:
    """Yield the table's lines, as Markdown."""
    yield "| provoked | verdict | cause named | right | ms |"
    yield "| --- | --- | --- | --- | ---: |"
    for row, result, took in results:
        verdict = result.verdict
        name = f"`{row.name}`" + (" (second generation)" if row.generation > 1 else "")
        named = verdict["cause"] or ", ".join(f"{code} (warning)" for code in verdict["warnings"]) or "-"
        mark = "yes" if right(row, result) else "**NO**"
        yield f"| {name} | {verdict['status']} | {named} | {mark} | {took:.0f} |"


def main() -> int:
    """Provoke every cause, print the table, and write it between the markers of a file that has them."""
    options = argparse.ArgumentParser(description=main.__doc__)
    options.add_argument("names", nargs="*", help="only rows whose names begin so")
    options.add_argument("--into", type=Path, help="the file to write the table into")
    asked = options.parse_args()
    every = (*ROWS, *SECOND_GENERATION)
    rows = [row for row in every if not asked.names or row.name.startswith(tuple(asked.names))]
    results: list[tuple[Row, Told, float]] = []
    failed, run = list[str](), 0
    for generation in sorted({row.generation for row in rows}):
        with tempfile.TemporaryDirectory() as folder:
            lab = Lab(Path(folder))
            lab.do("lab", "up", "--detach", "--generation", str(generation))
            try:
                for row in (one for one in rows if one.generation == generation):
                    results.append((row, *provoke(lab, row)))
                    sys.stderr.write(f"{len(results)}/{len(rows)} {row.name}\n")
                    try:
                        run += run_remedies(lab, row, results[-1][1], by_cli=shutil.which("aws") is not None)
                    except AssertionError as error:
                        failed.append(f"{row.name}: {error}")
                    clean_up(lab, row)
            finally:
                lab.do("lab", "down")
    wrong = [row.name for row, result, _ in results if not right(row, result)]
    lines = [*table(results), "", f"{len(results) - len(wrong)} of {len(results)} right."]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stderr.write("\n".join([f"{run} printed commands run, {len(failed)} failed", *failed]) + "\n")
    if asked.into:
        text = asked.into.read_text(encoding="utf-8")
        begin, end = (text.index(marker) for marker in MARKERS)
        filled = f"{MARKERS[0]}\n\n" + "\n".join(lines) + "\n\n"
        asked.into.write_text(text[:begin] + filled + text[end:], encoding="utf-8")
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    sys.exit(main())
