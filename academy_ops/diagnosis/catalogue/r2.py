"""Section 1: the upload, and R2 behind it."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_FAILED, WAITING, Cause, codes, do
from academy_ops.messages import say

_CHECK: Final = "{ops} check r2"

R2: Final = (
    Cause(
        "r2-env-missing",
        "1",
        say("The API server's R2 settings are incomplete, so no upload can be stored."),
        states=NO_JOB_OR_FAILED,
        explains=codes("upload-object-missing", "excel-object-missing"),
        remedies=(
            do(
                say(
                    "Set R2_ENDPOINT, R2_ACCESS_KEY and R2_SECRET_KEY in the API server's .env, then create its "
                    "container anew: docker restart keeps the old values."
                ),
                verify=_CHECK,
                risk="change",
            ),
        ),
    ),
    Cause(
        "r2-env-malformed",
        "1",
        say("An R2 setting is there but can't be right as it is written."),
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
            do(
                say(
                    "Correct the line in the API server's .env (no quotes, no spaces, the account's endpoint without "
                    "a bucket), then create its container anew: docker restart keeps the old values."
                ),
                verify=_CHECK,
                risk="change",
            ),
        ),
    ),
    Cause(
        "r2-endpoint-unreachable",
        "1",
        say("R2_ENDPOINT can't be reached."),
        states=NO_JOB_OR_FAILED,
        remedies=(
            do(
                say("Compare R2_ENDPOINT with the account's S3 endpoint in the Cloudflare dashboard."),
                command="curl -sS -o /dev/null -w '%{{http_code}}\\n' {endpoint}",
                verify=_CHECK,
            ),
        ),
    ),
    Cause(
        "r2-credentials-rejected",
        "1",
        say("R2 rejects the API's keys."),
        states=NO_JOB_OR_FAILED,
        explains=codes("upload-object-missing"),
        remedies=(
            do(
                say(
                    "Create a new R2 API token (Object Read & Write on the bucket), put its two keys into the API "
                    "server's .env and the workers' parameter, then create the container anew: docker restart keeps "
                    "the old values."
                ),
                verify=_CHECK,
                risk="change",
            ),
        ),
    ),
    Cause(
        "r2-access-denied",
        "1",
        say("R2 knows the keys, but they may not use this bucket."),
        states=NO_JOB_OR_FAILED,
        explains=codes("upload-object-missing"),
        remedies=(
            do(
                say("Give the R2 API token Object Read & Write on the bucket in the Cloudflare dashboard."),
                verify=_CHECK,
                risk="change",
            ),
        ),
    ),
    Cause(
        "r2-bucket-missing",
        "1",
        say("The R2 bucket for Excel files does not exist."),
        states=NO_JOB_OR_FAILED,
        explains=codes("upload-object-missing", "excel-object-missing"),
        remedies=(
            do(
                say("Create the bucket, or correct R2_EXCEL_BUCKET if its name is wrong."),
                command='AWS_ACCESS_KEY_ID="$R2_ACCESS_KEY" AWS_SECRET_ACCESS_KEY="$R2_SECRET_KEY" '
                "aws s3api create-bucket --endpoint-url {endpoint} --region auto --bucket {bucket}",
                verify=_CHECK,
                risk="change",
            ),
        ),
    ),
    Cause(
        "r2-server-error",
        "1",
        say("R2 itself answers with a server error."),
        states=NO_JOB_OR_FAILED,
        remedies=(
            do(
                say("Look at Cloudflare's status page and wait; uploads fail until R2 recovers."),
                verify=_CHECK,
            ),
        ),
    ),
    Cause(
        "upload-object-missing",
        "1",
        say("The job has not ended, but its Excel file is no longer in the bucket."),
        states=WAITING,
        explains=codes("excel-object-missing"),
        remedies=(do(say("Have the school upload the file again; this job can't succeed.")),),
    ),
)
