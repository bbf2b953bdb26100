"""Section 4: what the job itself says."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue.cause import FAILED, RUNNING, Cause, do
from academy_ops.messages import Text, say


def _workbook(code: str, meaning: Text, advice: Text) -> Cause:
    """Make a row for a workbook that the school must correct."""
    return Cause(
        code,
        "4",
        meaning,
        states=FAILED,
        remedies=(do(advice, command="{ops} check excel FILE.xlsx"),),
    )


JOB: Final = (
    _workbook(
        "excel-unreadable",
        say("The file is no readable .xlsx workbook (an .xls, a CSV or an encrypted file under that name)."),
        say("Have the school save it as an .xlsx workbook without a password and upload it again."),
    ),
    _workbook(
        "excel-header-missing",
        say("The worker found no header row in the workbook."),
        say("Have the school fill in the template: sheet 학생목록, with the columns 이름 and 학부모전화번호."),
    ),
    _workbook(
        "excel-phone-column-missing",
        say("The workbook has no column for the parent's phone number."),
        say("Have the school add the column 학부모전화번호 and upload again."),
    ),
    _workbook(
        "excel-phone-invalid",
        say("Parents' phone numbers in the workbook are not of the form 010 and 8 more digits."),
        say("Have the school correct the rows named in the evidence and upload again."),
    ),
    _workbook(
        "excel-no-students",
        say("The workbook holds no student rows."),
        say("Have the school enter the students below the header row; rows marked 예시 are examples."),
    ),
    Cause(
        "excel-object-missing",
        "4",
        say("The worker did not find the job's Excel file in the bucket."),
        states=FAILED,
        remedies=(
            do(
                say("Compare the API's and the worker's bucket; then have the school upload the file again."),
                command="{ops} check logs{job}",
            ),
        ),
    ),
    Cause(
        "job-failed",
        "4",
        say("The job failed; its own message says why."),
        states=FAILED,
        remedies=(
            do(
                say("Read the job's message and the worker's log for this job."),
                command="{ops} --verbose check logs{job}",
            ),
        ),
    ),
    Cause(
        "job-stalled",
        "4",
        say("The job is said to run, but nothing moves."),
        states=RUNNING,
        remedies=(
            do(
                say("See whether a worker still works on it; without one its message comes back after 60 minutes."),
                command="{ops} check logs{job}",
            ),
        ),
    ),
    Cause(
        "job-partial",
        "4",
        say("The job is done, but some rows were rejected."),
        remedies=(do(say("Have the school correct the rejected rows and upload only them again.")),),
        warn=True,
    ),
    Cause(
        "job-review",
        "4",
        say("The job waits for a person's review (REVIEW_REQUIRED)."),
        remedies=(do(say("Open the job in the administration site and decide.")),),
        warn=True,
    ),
)
