"""Section 4: what the job itself says."""

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import FAILED, RUNNING, Cause, Rows, Variant, variant
from academy_ops.diagnosis.command import command
from academy_ops.diagnosis.records import Remedy

_ROWS: Final = Rows("4", command("<ops> check job <job_id>"), FAILED)
_cause, _warning, _read = _ROWS.cause, _ROWS.warning, _ROWS.read
_READ_JOB: Final = command("<ops> --verbose check job <job_id>")
_READ_LOG: Final = command("<ops> --verbose check logs <job>")
_READ_FILE: Final = command("<ops> check excel <workbook>")
_READ_CORRECTED: Final = command("<ops> check excel CORRECTED.xlsx")
_LOOK: Final = (commands.JOB,)


def _to_school(advice: str) -> Remedy:
    return _read(advice, _READ_FILE, _READ_CORRECTED)


def _because(meaning: str, advice: str) -> Variant:
    return variant(meaning, _to_school(advice))


def _workbook(code: str, meaning: str, told_by: str, advice: str, **reasons: Variant) -> Cause:
    """Make a row for a workbook that the school must correct."""
    named = {name.replace("_", "-"): reason for name, reason in reasons.items()}
    return _cause(code, meaning, told_by, _LOOK, _to_school(advice), reasons=named)


_SEVERAL_FAULTS: Final = _because(
    "Every row was rejected, for different reasons.",
    "Have the school correct each row for the reason shown next to it, and upload the file again.",
)
_SAVE_ANEW: Final = (
    "Have the school open the file in Excel, copy the students into the template, save it as .xlsx and upload it."
)

JOB: Final = (
    _workbook(
        "excel-unreadable",
        "The file is not a readable .xlsx workbook (for example a renamed .xls or CSV, or an encrypted file).",
        "The job's error message says that the file is not a zip file, or why else it can't be opened.",
        "Have the school save it as an .xlsx workbook without a password and upload it again.",
        password=_because(
            "The workbook is protected with a password or document security (DRM).",
            "Have the school remove the protection (in Excel: File, Info, Protect Workbook), save "
            "the file and upload it again.",
        ),
        other_format=_because(
            "The file is not in .xlsx format, whatever its extension.",
            'Have the school open it, save it with "Save as" as Excel Workbook (.xlsx), and upload that file.',
        ),
        media_type=_because(
            "The upload was rejected because of its media type, which the school's computer sets, not the file.",
            "Have the school upload it from a computer or browser where Excel opens .xlsx files; "
            "Hancom Office sends another type. The file itself may be fine.",
        ),
        damaged=_because(
            "The worker can't parse the workbook: it is damaged, or was not written by Excel.", _SAVE_ANEW
        ),
        reader=_because("The worker failed to read the workbook.", _SAVE_ANEW),
    ),
    _workbook(
        "excel-too-large",
        "The workbook is too large: the file size, its sheets or its rows.",
        "The job's error message says that the file is too large, or has too many sheets or rows.",
        "Have the school delete empty formatted rows and other sheets, or split the students "
        "across several files, and upload again.",
    ),
    _workbook(
        "excel-ambiguous",
        "Several sheets look like a roster, and it is not clear which one to register.",
        "The job's error message says that several sheets look like rosters; it may name them.",
        "Have the school keep only the sheet with the students to register, and upload again.",
    ),
    _workbook(
        "excel-header-missing",
        "The worker found no header row in the workbook.",
        "The job's error message says that no header row, name column or roster sheet was found.",
        "Have the school use the template: sheet 학생목록, with the columns 이름 and 학부모전화번호.",
    ),
    _workbook(
        "excel-phone-column-missing",
        "The workbook has no column for the parent's phone number.",
        "The job's error message mentions the column for the parent's phone number.",
        "Have the school add the column 학부모전화번호 and upload again.",
    ),
    _workbook(
        "excel-phone-invalid",
        "Parents' phone numbers in the workbook are not 010 followed by 8 digits.",
        "The job's error message says that phone numbers are invalid, or every row was rejected because of its number.",
        "Have the school correct the rows shown in the evidence and upload the file again.",
        student=_because(
            "The students' own phone numbers in the workbook are not 010 followed by 8 digits.",
            "Have the school correct the students' phone numbers or clear those cells (they are "
            "optional), and upload again. The parents' numbers are fine.",
        ),
        mixed=_SEVERAL_FAULTS,
    ),
    _workbook(
        "excel-names-invalid",
        "Some students' names in the workbook are empty, too long, partly masked, or something other than a name.",
        "The job's error message says that names are empty, too long, masked, the parents' or no names at all, or "
        "every row was rejected because of its name.",
        "Have the school enter each student's full name in the rows shown in the evidence, and upload the file again.",
        mixed=_SEVERAL_FAULTS,
    ),
    _workbook(
        "excel-no-students",
        "The workbook contains no student rows.",
        "The job's error message says that there are no students.",
        "Have the school enter the students below the header row; rows marked 예시 are skipped as examples.",
    ),
    _cause(
        "excel-object-missing",
        "The worker did not find the job's Excel file in the bucket.",
        "The job's error message, or the worker's log of the failure, shows NoSuchKey or 404 for the file.",
        (commands.JOB, commands.WORKER_R2),
        _read(
            "Compare the API's bucket with the worker's, then have the school upload the file again.",
            command("<ops> check logs <job>"),
            command("<ops> diagnose"),
        ),
    ),
    _cause(
        "job-failed",
        "The job failed; its error message says why.",
        "FAILED, REJECTED_BAD_INPUT, DONE with an error_message, or DONE with every row rejected, and neither the "
        "message nor the worker's log shows a more specific cause. If the message mentions a setting, an endpoint, "
        "credentials, a bucket or a database, and a fault of that kind is found, that fault is the cause.",
        (commands.JOB, commands.WORKER_LOG, commands.KEPT_LOG),
        _read("Read the job's error message and the worker's log for this job.", _READ_LOG),
        reasons={
            "rows": variant(
                "Every row of the workbook was rejected; each row says why.",
                *_SEVERAL_FAULTS.remedies,
                _read("Read every rejected row.", _READ_JOB),
            )
        },
    ),
    _cause(
        "job-stalled",
        "The job is RUNNING, but has made no progress for more than {stalled_minutes} minutes.",
        "RUNNING, VALIDATING or RETRYING, and not updated for {stalled_minutes} minutes. If the API returns no "
        "timestamps: unchanged when read again {second_look_seconds} seconds later, with an empty queue.",
        (commands.JOB, commands.DEPTH, commands.WORKER_LOG, commands.KEPT_LOG),
        _read(
            "Check whether a worker is still processing it. If not, its message returns to the queue "
            "after {visibility_minutes} minutes.",
            _READ_LOG,
        ),
        states=RUNNING,
    ),
    _warning(
        "job-partial",
        "The job is done, but some rows were rejected.",
        "The status is DONE without an error_message, and some rows failed.",
        _LOOK,
        _read("Have the school correct the rejected rows and upload only those.", _READ_JOB, _READ_CORRECTED),
    ),
    _warning(
        "job-review",
        "The job is waiting for manual review (REVIEW_REQUIRED).",
        "The status is REVIEW_REQUIRED.",
        _LOOK,
        _read("Open the job on the admin site and review it.", _READ_JOB),
    ),
)
