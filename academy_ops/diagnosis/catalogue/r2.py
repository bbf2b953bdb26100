"""Section 1: the upload, and R2 behind it."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_FAILED, WAITING, Cause, codes, remedy
from academy_ops.messages import say

_CHECK: Final = "{ops} check r2"
_HAVE_A_VALUE: Final = commands.names_set("R2_[A-Z_]+|EXCEL_BUCKET_NAME")
_AS_WRITTEN: Final = "grep -nE '^(R2_ENDPOINT|R2_EXCEL_BUCKET|EXCEL_BUCKET_NAME)=' {env_file}"
_KEYS_MASKED: Final = (
    'awk \'/^R2_(ACCESS|SECRET)_KEY=/ {{ name = $0; sub(/=.*/, "", name); sub(/^[^=]*=/, ""); '
    'gsub(/[A-Za-z0-9]/, "*"); print name "=[" $0 "]" }}\' {env_file}'
)

R2: Final = (
    Cause(
        "r2-env-missing",
        "1",
        say("The API server's R2 settings are incomplete, so no upload can be stored."),
        say("R2_ENDPOINT, R2_ACCESS_KEY or R2_SECRET_KEY is absent or blank in the settings that the tool is given."),
        look=(_HAVE_A_VALUE,),
        states=NO_JOB_OR_FAILED,
        explains=codes("upload-object-missing", "excel-object-missing"),
        remedies=(
            remedy(
                say(
                    "Set R2_ENDPOINT, R2_ACCESS_KEY and R2_SECRET_KEY in the API server's .env, then create its "
                    "container anew: docker restart keeps the old values."
                ),
                _HAVE_A_VALUE,
                _CHECK,
                "change",
            ),
        ),
    ),
    Cause(
        "r2-env-malformed",
        "1",
        say("An R2 setting is there but can't be right as it is written."),
        say(
            "A setting in force is in quotes, holds white space or looks like a placeholder, or R2_ENDPOINT is no URL, "
            "has a path, or is http at Cloudflare. If the bucket opens, a placeholder is none."
        ),
        look=(_AS_WRITTEN, _KEYS_MASKED),
        states=NO_JOB_OR_FAILED,
        explains=codes(
            "r2-endpoint-unreachable",
            "r2-credentials-rejected",
            "r2-access-denied",
            "r2-bucket-missing",
            "r2-server-error",
            "upload-object-missing",
            "excel-object-missing",
        ),
        remedies=(
            remedy(
                say(
                    "Correct the line in the API server's .env (no quotes, no spaces, the account's endpoint without "
                    "a bucket), then create its container anew: docker restart keeps the old values."
                ),
                _AS_WRITTEN,
                _CHECK,
            ),
        ),
    ),
    Cause(
        "r2-endpoint-unreachable",
        "1",
        say("R2_ENDPOINT can't be reached."),
        say(
            "No address, connection refused, TLS failure, or no answer within 8 seconds, while something else outside "
            "did answer this machine. A job's message that says so counts, too."
        ),
        look=(commands.REACH_R2,),
        states=NO_JOB_OR_FAILED,
        remedies=(
            remedy(
                say("Compare R2_ENDPOINT with the account's S3 endpoint in the Cloudflare dashboard."),
                "grep -n '^R2_ENDPOINT=' {env_file}",
                _CHECK,
                "change",
            ),
        ),
    ),
    Cause(
        "r2-credentials-rejected",
        "1",
        say("R2 rejects the API's keys."),
        say("R2 answers InvalidAccessKeyId, SignatureDoesNotMatch, Unauthorized, InvalidArgument or 401."),
        look=(commands.BUCKET,),
        states=NO_JOB_OR_FAILED,
        explains=codes("upload-object-missing"),
        remedies=(
            remedy(
                say(
                    "Create a new R2 API token (Object Read & Write on the bucket), put its two keys into the API "
                    "server's .env and the workers' parameter, then create the container anew: docker restart keeps "
                    "the old values."
                ),
                commands.TRY_BUCKET,
                _CHECK,
                "change",
            ),
        ),
    ),
    Cause(
        "r2-access-denied",
        "1",
        say("R2 knows the keys, but they may not use this bucket."),
        say("R2 answers AccessDenied, Forbidden or 403 for the bucket."),
        look=(commands.BUCKET,),
        states=NO_JOB_OR_FAILED,
        explains=codes("upload-object-missing"),
        remedies=(
            remedy(
                say("Give the R2 API token Object Read & Write on the bucket in the Cloudflare dashboard."),
                commands.TRY_BUCKET,
                _CHECK,
                "change",
            ),
        ),
    ),
    Cause(
        "r2-bucket-missing",
        "1",
        say("The R2 bucket for Excel files does not exist."),
        say("R2 answers NoSuchBucket or 404 for the bucket."),
        look=(commands.BUCKET, _AS_WRITTEN),
        states=NO_JOB_OR_FAILED,
        explains=codes("upload-object-missing", "excel-object-missing"),
        remedies=(
            remedy(
                say("Create the bucket, or correct R2_EXCEL_BUCKET if its name is wrong."),
                commands.MAKE_BUCKET,
                _CHECK,
                "change",
            ),
        ),
    ),
    Cause(
        "r2-server-error",
        "1",
        say("R2 itself answers with a server error."),
        say("R2 answers with a status of 500 or more."),
        look=(commands.BUCKET, commands.CLOUDFLARE_STATUS),
        states=NO_JOB_OR_FAILED,
        remedies=(
            remedy(
                say("Look at Cloudflare's status page and wait; uploads fail until R2 recovers."),
                commands.CLOUDFLARE_STATUS,
                _CHECK,
            ),
        ),
    ),
    Cause(
        "upload-object-missing",
        "1",
        say("The job has not ended, but its Excel file is no longer in the bucket."),
        say(
            "R2 answers 404 for the job's file_key, and the job, read once more, has still not ended. "
            "Where the API tells no file_key, nothing is said."
        ),
        look=(commands.UPLOAD,),
        states=WAITING,
        explains=codes("excel-object-missing"),
        remedies=(
            remedy(
                say("Have the school upload the file again; this job can't succeed."),
                "{ops} check job {job_id}",
                "{ops} diagnose",
            ),
        ),
    ),
)
