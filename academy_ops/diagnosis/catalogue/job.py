"""Section 4: what the job itself says."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import FAILED, RUNNING, Cause, Rows, Variant
from academy_ops.diagnosis.command import command
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import Text, say
from academy_ops.thresholds import FIGURES

_ROWS: Final = Rows("4", command("<ops> check job <job_id>"), FAILED)
_cause, _warning, _read = _ROWS.cause, _ROWS.warning, _ROWS.read
_READ_JOB: Final = command("<ops> --verbose check job <job_id>")
_READ_LOG: Final = command("<ops> --verbose check logs <job>")
_READ_FILE: Final = command("<ops> check excel FILE.xlsx")
_READ_CORRECTED: Final = command("<ops> check excel CORRECTED.xlsx")
_LOOK: Final = (commands.JOB,)


def _workbook(code: str, meaning: Text, told_by: Text, advice: Text, **reasons: tuple[Text, Text]) -> Cause:
    """Make a row for a workbook that the school must correct; each reason has its own meaning and advice."""
    variants = {name.replace("_", "-"): Variant(means, (_to_school(do),)) for name, (means, do) in reasons.items()}
    return _cause(code, meaning, told_by, _LOOK, _to_school(advice), reasons=variants)


def _to_school(advice: Text) -> Remedy:
    return Remedy(advice, _READ_FILE, _READ_CORRECTED)


_SEVERAL_FAULTS: Final = (
    say("Every row was rejected, and not all for the same reason."),
    say("Have the school correct each row for the reason that stands beside it, and upload again."),
)
_SAVE_ANEW: Final = say(
    "Have the school open it in Excel, copy the students into the template, save that as .xlsx and upload it."
)

JOB: Final = (
    _workbook(
        "excel-unreadable",
        say("The file is not a readable .xlsx workbook (an .xls, a CSV or an encrypted file under that name)."),
        say("The job's message says that it is not a zip file, or why else it can't be opened."),
        say("Have the school save it as an .xlsx workbook without a password and upload it again."),
        password=(
            say("The workbook is protected by a password or by document security (DRM)."),
            say(
                "Have the school remove the protection (in Excel: File, Info, Protect Workbook), save it and upload it "
                "again."
            ),
        ),
        other_format=(
            say("The file is of another format than .xlsx, whatever its name says."),
            say('Have the school open it, save it with "Save as" as Excel Workbook (.xlsx), and upload that file.'),
        ),
        media_type=(
            say(
                "The upload was refused for its media type, which comes from the school's computer, not from the file."
            ),
            say(
                "Have the school upload it from a computer or a browser on which .xlsx files belong to Excel; Hancom "
                "Office names another type. The file itself may be well."
            ),
        ),
        damaged=(
            say("The worker's reader can't take the workbook: it is damaged, or another program than Excel wrote it."),
            _SAVE_ANEW,
        ),
        reader=(say("The worker's reader failed on the workbook."), _SAVE_ANEW),
    ),
    _workbook(
        "excel-too-large",
        say("The workbook is too large: the file, its sheets, or its rows."),
        say("The job's message says that the file is too large, or that it has too many sheets or rows."),
        say(
            "Have the school delete empty formatted rows and other sheets, or divide the students among several files, "
            "and upload again."
        ),
    ),
    _workbook(
        "excel-ambiguous",
        say("Several sheets of the workbook are equally a roster, and nothing decides between them."),
        say("The job's message says that several sheets look like rosters; it may name them."),
        say("Have the school keep only the sheet with the students to register, and upload again."),
    ),
    _workbook(
        "excel-header-missing",
        say("The worker found no header row in the workbook."),
        say("The job's message says that no header row, no name column or no roster sheet was found."),
        say("Have the school fill in the template: sheet 학생목록, with the columns 이름 and 학부모전화번호."),
    ),
    _workbook(
        "excel-phone-column-missing",
        say("The workbook has no column for the parent's phone number."),
        say("The job's message mentions the column for the parent's phone number."),
        say("Have the school add the column 학부모전화번호 and upload again."),
    ),
    _workbook(
        "excel-phone-invalid",
        say("Parents' phone numbers in the workbook are not of the form 010 and 8 more digits."),
        say("The job's message says that phone numbers failed the check, or every row was rejected for its number."),
        say("Have the school correct the rows named in the evidence and upload again."),
        student=(
            say("The students' own phone numbers in the workbook are not of the form 010 and 8 more digits."),
            say(
                "Have the school correct the students' phone numbers or clear those cells, which may be empty, and "
                "upload again. The parents' numbers are not at fault."
            ),
        ),
        mixed=_SEVERAL_FAULTS,
    ),
    _workbook(
        "excel-names-invalid",
        say("Students' names in the workbook are empty or too long."),
        say("The job's message says so of names, or every row was rejected for its name."),
        say("Have the school fill in or shorten the names in the rows named in the evidence, and upload again."),
        mixed=_SEVERAL_FAULTS,
    ),
    _workbook(
        "excel-no-students",
        say("The workbook holds no student rows."),
        say("The job's message says that there are no students."),
        say("Have the school enter the students below the header row; rows marked 예시 are examples."),
    ),
    _cause(
        "excel-object-missing",
        say("The worker did not find the job's Excel file in the bucket."),
        say("The job's message, or the worker's log of its failure, says NoSuchKey or 404 for the file."),
        (commands.JOB, commands.WORKER_R2),
        Remedy(
            say("Compare the API's and the worker's bucket; then have the school upload the file again."),
            command("<ops> check logs <job>"),
            command("<ops> diagnose"),
        ),
    ),
    _cause(
        "job-failed",
        say("The job failed; its own message says why."),
        say(
            "FAILED, REJECTED_BAD_INPUT, DONE with an error_message, or DONE with every row rejected, and neither the "
            "message nor the worker's log proves a more specific cause. Where the message names a setting, an "
            "endpoint, a credential, a bucket or a database, a fault of that kind is the cause."
        ),
        (commands.JOB, commands.WORKER_LOG, commands.KEPT_LOG),
        _read(say("Read the job's message and the worker's log for this job."), _READ_LOG),
        reasons={
            "rows": Variant(
                say("Every row of the workbook was rejected; each says why."),
                (_to_school(_SEVERAL_FAULTS[1]), _read(say("Read every rejected row."), _READ_JOB)),
            )
        },
    ),
    _cause(
        "job-stalled",
        say("The job is RUNNING, but has made no progress for more than {stalled_minutes} minutes.", **FIGURES),
        say(
            "RUNNING, VALIDATING or RETRYING, and not updated for {stalled_minutes} minutes; where the API gives no "
            "time, unchanged in two looks {second_look_seconds} seconds apart with an empty queue.",
            **FIGURES,
        ),
        (commands.JOB, commands.DEPTH, commands.WORKER_LOG, commands.KEPT_LOG),
        _read(
            say(
                "See whether a worker is still working on it; without one its message comes back after "
                "{visibility_minutes} minutes.",
                **FIGURES,
            ),
            _READ_LOG,
        ),
        states=RUNNING,
    ),
    _warning(
        "job-partial",
        say("The job is done, but some rows were rejected."),
        say("DONE without an error_message, and some rows are among the failed ones."),
        _LOOK,
        Remedy(
            say("Have the school correct the rejected rows and upload only them again."), _READ_JOB, _READ_CORRECTED
        ),
    ),
    _warning(
        "job-review",
        say("The job waits for a person's review (REVIEW_REQUIRED)."),
        say("The status is REVIEW_REQUIRED."),
        _LOOK,
        _read(say("Open the job in the administration site and decide."), _READ_JOB),
    ),
)
