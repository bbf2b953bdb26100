"""Section 1: the upload, and R2 behind it."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_FAILED, WAITING, Rows, codes
from academy_ops.diagnosis.command import command
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import say

_ROWS: Final = Rows("1", command("<ops> check r2"), NO_JOB_OR_FAILED)
_cause, _read, _change = _ROWS.cause, _ROWS.read, _ROWS.change

R2: Final = (
    _cause(
        "r2-env-missing",
        say("The API server's R2 settings are incomplete, so no upload can be stored."),
        say("R2_ENDPOINT, R2_ACCESS_KEY or R2_SECRET_KEY is absent or blank in the settings that the tool is given."),
        (commands.CONFIG,),
        _change(
            say(
                "Set R2_ENDPOINT, R2_ACCESS_KEY and R2_SECRET_KEY in the API server's .env, then recreate "
                "its container: docker restart keeps the old values."
            ),
            commands.CONFIG,
        ),
        explains=codes("upload-object-missing", "excel-object-missing"),
    ),
    _cause(
        "r2-env-malformed",
        say("An R2 setting is there but can't be right as it is written."),
        say(
            "A setting in force is in quotes, holds white space or looks like a placeholder, or R2_ENDPOINT is not a "
            "URL, has a path, or is http at Cloudflare. Where the bucket opens, nothing counts as a placeholder."
        ),
        (commands.CONFIG,),
        _read(
            say(
                "Correct the line in the API server's .env (no quotes, no spaces, the account's endpoint without "
                "a bucket), then recreate its container: docker restart keeps the old values."
            ),
            commands.CONFIG,
        ),
        explains=codes(
            "r2-endpoint-unreachable",
            "r2-credentials-rejected",
            "r2-access-denied",
            "r2-bucket-missing",
            "r2-server-error",
            "upload-object-missing",
            "excel-object-missing",
            "worker-r2-mismatch",
        ),
    ),
    _cause(
        "r2-endpoint-unreachable",
        say("R2_ENDPOINT can't be reached."),
        say(
            "No address, connection refused, TLS failure, or no answer within 8 seconds, while something else outside "
            "did answer this machine. A job's message that says so counts, too."
        ),
        (commands.REACH_R2,),
        _change(
            say("Compare R2_ENDPOINT with the account's S3 endpoint in the Cloudflare dashboard."), commands.CONFIG
        ),
    ),
    _cause(
        "r2-credentials-rejected",
        say("R2 rejects the API's keys."),
        say("R2 answers InvalidAccessKeyId, SignatureDoesNotMatch, Unauthorized, InvalidArgument or 401."),
        (commands.BUCKET,),
        _change(
            say(
                "Create a new R2 API token (Object Read & Write on the bucket), put its two keys into the API "
                "server's .env and the workers' parameter, then recreate the container: docker restart keeps "
                "the old values."
            ),
            commands.CONFIG,
        ),
        explains=codes("upload-object-missing"),
    ),
    _cause(
        "r2-access-denied",
        say("R2 knows the keys, but they may not use this bucket."),
        say("R2 answers AccessDenied, Forbidden or 403 for the bucket."),
        (commands.BUCKET,),
        _change(
            say("Give the R2 API token Object Read & Write on the bucket in the Cloudflare dashboard."), commands.CONFIG
        ),
        explains=codes("upload-object-missing"),
    ),
    _cause(
        "r2-bucket-missing",
        say("The R2 bucket for Excel files does not exist."),
        say("R2 answers NoSuchBucket or 404 for the bucket."),
        (commands.BUCKET, commands.CONFIG),
        _change(
            say(
                "Create the bucket, or correct R2_EXCEL_BUCKET if its name is wrong. The command takes "
                "R2_ACCESS_KEY and R2_SECRET_KEY from the shell's environment."
            ),
            commands.CREATE_BUCKET,
        ),
        explains=codes("upload-object-missing", "excel-object-missing", "worker-r2-mismatch"),
    ),
    _cause(
        "r2-server-error",
        say("R2 itself answers with a server error."),
        say("R2 answers with a status of 500 or more."),
        (commands.BUCKET, commands.CLOUDFLARE_STATUS),
        _read(
            say("Look at Cloudflare's status page and wait; uploads fail until R2 recovers."),
            commands.CLOUDFLARE_STATUS,
        ),
    ),
    _cause(
        "upload-object-missing",
        say("The job has not ended, but its Excel file is no longer in the bucket."),
        say(
            "R2 answers 404 for the job's file_key, and the job, read once more, has still not ended. "
            "Where the API gives no file_key, this is not checked."
        ),
        (commands.UPLOAD,),
        Remedy(
            say("Have the school upload the file again; this job can't succeed."),
            command("<ops> check job <job_id>"),
            command("<ops> diagnose"),
        ),
        explains=codes("excel-object-missing"),
        states=WAITING,
    ),
)
