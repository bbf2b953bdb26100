"""Section 4: what the job itself says."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import FAILED, RUNNING, Cause, Rows, variant
from academy_ops.diagnosis.command import command
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import Text, say
from academy_ops.thresholds import FIGURES

_ROWS: Final = Rows("4", command("<ops> check job <job_id>"), FAILED)
_cause, _warning, _read = _ROWS.cause, _ROWS.warning, _ROWS.read
_READ_JOB: Final = command("<ops> --verbose check job <job_id>")
_READ_LOG: Final = command("<ops> --verbose check logs <job>")
_READ_FILE: Final = command("<ops> check excel <workbook>")
_READ_CORRECTED: Final = command("<ops> check excel CORRECTED.xlsx")
_LOOK: Final = (commands.JOB,)


def _workbook(code: str, meaning: Text, told_by: Text, advice: Text, **reasons: tuple[Text, Text]) -> Cause:
    """Make a row for a workbook that the school must correct; each reason has its own meaning and advice."""
    variants = {name.replace("_", "-"): variant(means, _to_school(do)) for name, (means, do) in reasons.items()}
    return _cause(code, meaning, told_by, _LOOK, _to_school(advice), reasons=variants)


def _to_school(advice: Text) -> Remedy:
    return Remedy(advice, _READ_FILE, _READ_CORRECTED)


_SEVERAL_FAULTS: Final = (
    say("Every row was rejected, for different reasons."),
    say("Have the school correct each row for the reason shown next to it, and upload the file again."),
)
_SAVE_ANEW: Final = say(
    "Have the school open the file in Excel, copy the students into the template, save it as .xlsx and upload it."
)

JOB: Final = (
    _workbook(
        "excel-unreadable",
        say("The file is not a readable .xlsx workbook (for example a renamed .xls or CSV, or an encrypted file)."),
        say("The job's error message says that the file is not a zip file, or why else it can't be opened."),
        say("Have the school save it as an .xlsx workbook without a password and upload it again."),
        password=(
            say("The workbook is protected with a password or document security (DRM)."),
            say(
                "Have the school remove the protection (in Excel: File, Info, Protect Workbook), save "
                "the file and upload it again."
            ),
        ),
        other_format=(
            say("The file is not in .xlsx format, whatever its extension."),
            say('Have the school open it, save it with "Save as" as Excel Workbook (.xlsx), and upload that file.'),
        ),
        media_type=(
            say("The upload was rejected because of its media type, which the school's computer sets, not the file."),
            say(
                "Have the school upload it from a computer or browser where Excel opens .xlsx files; "
                "Hancom Office sends another type. The file itself may be fine."
            ),
        ),
        damaged=(say("The worker can't parse the workbook: it is damaged, or was not written by Excel."), _SAVE_ANEW),
        reader=(say("The worker failed to read the workbook."), _SAVE_ANEW),
    ),
    _workbook(
        "excel-too-large",
        say("The workbook is too large: the file size, its sheets or its rows."),
        say("The job's error message says that the file is too large, or has too many sheets or rows."),
        say(
            "Have the school delete empty formatted rows and other sheets, or split the students "
            "across several files, and upload again."
        ),
    ),
    _workbook(
        "excel-ambiguous",
        say("Several sheets look like a roster, and it is not clear which one to register."),
        say("The job's error message says that several sheets look like rosters; it may name them."),
        say("Have the school keep only the sheet with the students to register, and upload again."),
    ),
    _workbook(
        "excel-header-missing",
        say("The worker found no header row in the workbook."),
        say("The job's error message says that no header row, name column or roster sheet was found."),
        say("Have the school use the template: sheet 학생목록, with the columns 이름 and 학부모전화번호."),
    ),
    _workbook(
        "excel-phone-column-missing",
        say("The workbook has no column for the parent's phone number."),
        say("The job's error message mentions the column for the parent's phone number."),
        say("Have the school add the column 학부모전화번호 and upload again."),
    ),
    _workbook(
        "excel-phone-invalid",
        say("Parents' phone numbers in the workbook are not 010 followed by 8 digits."),
        say(
            "The job's error message says that phone numbers are invalid, or every row was rejected "
            "because of its number."
        ),
        say("Have the school correct the rows shown in the evidence and upload the file again."),
        student=(
            say("The students' own phone numbers in the workbook are not 010 followed by 8 digits."),
            say(
                "Have the school correct the students' phone numbers or clear those cells (they are "
                "optional), and upload again. The parents' numbers are fine."
            ),
        ),
        mixed=_SEVERAL_FAULTS,
    ),
    _workbook(
        "excel-names-invalid",
        say("Some students' names in the workbook are empty, too long or partly masked, or are the parents' names."),
        say(
            "The job's error message says that names are empty, too long, masked or the parents', or "
            "every row was rejected because of its name."
        ),
        say(
            "Have the school enter each student's full name in the rows shown in the evidence, and upload the file "
            "again."
        ),
        mixed=_SEVERAL_FAULTS,
    ),
    _workbook(
        "excel-no-students",
        say("The workbook contains no student rows."),
        say("The job's error message says that there are no students."),
        say("Have the school enter the students below the header row; rows marked 예시 are skipped as examples."),
    ),
    _cause(
        "excel-object-missing",
        say("The worker did not find the job's Excel file in the bucket."),
        say("The job's error message, or the worker's log of the failure, shows NoSuchKey or 404 for the file."),
        (commands.JOB, commands.WORKER_R2),
        Remedy(
            say("Compare the API's bucket with the worker's, then have the school upload the file again."),
            command("<ops> check logs <job>"),
            command("<ops> diagnose"),
        ),
    ),
    _cause(
        "job-failed",
        say("The job failed; its error message says why."),
        say(
            "FAILED, REJECTED_BAD_INPUT, DONE with an error_message, or DONE with every row rejected, and neither the "
            "message nor the worker's log shows a more specific cause. If the message mentions a setting, an endpoint, "
            "credentials, a bucket or a database, and a fault of that kind is found, that fault is the cause."
        ),
        (commands.JOB, commands.WORKER_LOG, commands.KEPT_LOG),
        _read(say("Read the job's error message and the worker's log for this job."), _READ_LOG),
        reasons={
            "rows": variant(
                say("Every row of the workbook was rejected; each row says why."),
                _to_school(_SEVERAL_FAULTS[1]),
                _read(say("Read every rejected row."), _READ_JOB),
            )
        },
    ),
    _cause(
        "job-stalled",
        say("The job is RUNNING, but has made no progress for more than {stalled_minutes} minutes.", **FIGURES),
        say(
            "RUNNING, VALIDATING or RETRYING, and not updated for {stalled_minutes} minutes. If the API returns no "
            "timestamps: unchanged when read again {second_look_seconds} seconds later, with an empty queue.",
            **FIGURES,
        ),
        (commands.JOB, commands.DEPTH, commands.WORKER_LOG, commands.KEPT_LOG),
        _read(
            say(
                "Check whether a worker is still processing it. If not, its message returns to the queue "
                "after {visibility_minutes} minutes.",
                **FIGURES,
            ),
            _READ_LOG,
        ),
        states=RUNNING,
    ),
    _warning(
        "job-partial",
        say("The job is done, but some rows were rejected."),
        say("The status is DONE without an error_message, and some rows failed."),
        _LOOK,
        Remedy(say("Have the school correct the rejected rows and upload only those."), _READ_JOB, _READ_CORRECTED),
    ),
    _warning(
        "job-review",
        say("The job is waiting for manual review (REVIEW_REQUIRED)."),
        say("The status is REVIEW_REQUIRED."),
        _LOOK,
        _read(say("Open the job on the admin site and review it."), _READ_JOB),
    ),
)
