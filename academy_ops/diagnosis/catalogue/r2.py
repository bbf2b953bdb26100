"""Section 1: the upload, and R2 behind it."""

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_FAILED, WAITING, Rows, codes, variant
from academy_ops.diagnosis.catalogue.connections import connection_reasons
from academy_ops.diagnosis.command import command
from academy_ops.messages import say

_ROWS: Final = Rows("1", command("<ops> check r2"), NO_JOB_OR_FAILED, steps=commands.CONFIG)
_cause, _read, _change, _to_change = _ROWS.cause, _ROWS.read, _ROWS.change, _ROWS.to_change
_NEW_TOKEN: Final = _change(
    "Create a new R2 API token (Object Read & Write on the bucket), put its two keys in the API server's .env and "
    "the workers' parameter, then recreate the container. docker restart keeps the old values."
)
_JURISDICTION: Final = _to_change(
    "R2_ENDPOINT is the address of a different jurisdiction than the bucket's.",
    say(
        "Set R2_ENDPOINT to {elsewhere} in the API server's .env and the workers' parameter, then recreate the "
        "container. The bucket is there, and these keys open it. Do not create a second bucket.",
        elsewhere=say("the address in the evidence"),
    ),
)
_WRONG_NAME: Final = _to_change(
    "The bucket name is wrong: these keys open a bucket with another name.",
    say(
        "If {meant} is the academy's bucket, set R2_EXCEL_BUCKET to it in the API server's .env, "
        "then recreate the container. Do not create a bucket with the wrong name.",
        meant=say("the name in the evidence"),
    ),
)

R2: Final = (
    _cause(
        "r2-env-missing",
        "The API server's R2 settings are incomplete, so no upload can be stored.",
        "R2_ENDPOINT, R2_ACCESS_KEY or R2_SECRET_KEY is missing or blank in the given settings.",
        (commands.CONFIG,),
        _change(
            "Set R2_ENDPOINT, R2_ACCESS_KEY and R2_SECRET_KEY in the API server's .env, then "
            "recreate its container. docker restart keeps the old values."
        ),
        explains=codes("upload-object-missing", "excel-object-missing"),
    ),
    _cause(
        "r2-env-malformed",
        "An R2 setting has an invalid value.",
        "A setting has quotes around it or at one end, contains whitespace, or looks like a placeholder or an "
        "unexpanded variable; the bucket name is not a valid one; or R2_ENDPOINT is not a URL, has a path or an "
        "invalid host name, is not an account's S3 address at Cloudflare, has the bucket in its host, or uses http "
        "with Cloudflare. Or R2 rejects the request with a 4xx that concerns neither the keys nor the bucket. If "
        "the bucket opens, the form of a value does not matter.",
        (commands.CONFIG,),
        _change(
            "Correct the line in the API server's .env (no quotes, no spaces, the account's endpoint "
            "without a bucket), then recreate its container. docker restart keeps the old values."
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
        "R2_ENDPOINT can't be reached.",
        "No DNS address, connection refused, TLS failure, or no response within 8 seconds, although other hosts on "
        "the internet respond. Or the response is not S3 XML, and nothing on the way rejected the request: a page "
        "with status 200 or 404, or a redirect. A job error message that says so counts too.",
        (commands.REACH_R2,),
        _change("Compare R2_ENDPOINT with the account's S3 endpoint in the Cloudflare dashboard."),
        reasons={
            **connection_reasons("R2", commands.WORKER_TO_R2, _ROWS),
            "not-s3": _to_change(
                "The server at R2_ENDPOINT is not R2, but a website, AWS or something else.",
                "Set R2_ENDPOINT to the account's S3 endpoint from the Cloudflare dashboard, not to a "
                "bucket's public address, a website or the dashboard itself.",
            ),
        },
        explains=codes("worker-r2-mismatch"),
    ),
    _cause(
        "r2-credentials-rejected",
        "R2 rejects the API's keys.",
        "R2 returns InvalidAccessKeyId, SignatureDoesNotMatch, Unauthorized, InvalidArgument or "
        "401. The lengths of the two keys show whether they are swapped.",
        (commands.BUCKET,),
        _NEW_TOKEN,
        explains=codes("upload-object-missing", "worker-r2-mismatch"),
        reasons={
            "swapped": _to_change(
                "R2_ACCESS_KEY contains the secret key, and R2_SECRET_KEY the access key.",
                "Swap the two values in the API server's .env and the workers' parameter (the access key has 32 "
                "characters, the secret key 64), then recreate the container. You don't need new keys.",
            ),
            "key-form": variant(
                "R2_ACCESS_KEY is not an R2 access key, which has 32 characters.",
                _change(
                    "Set it to the token's access key ID, not to the token value, an AWS key or part of a "
                    "key; R2_SECRET_KEY has 64 characters. Then recreate the container."
                ),
                _NEW_TOKEN,
            ),
            "secret": variant(
                "R2_SECRET_KEY does not match R2_ACCESS_KEY, which R2 recognizes.",
                _change(
                    "Set R2_SECRET_KEY to the secret key that was shown with this access key, and recreate "
                    "the container. It is shown only once: if it was not saved, create a new token."
                ),
                _NEW_TOKEN,
            ),
            "unknown-key": variant(
                "R2_ACCESS_KEY does not exist in the account in R2_ENDPOINT: the token was deleted, has "
                "expired, or belongs to another account.",
                _change(
                    "Look for the token under R2 in the Cloudflare dashboard of the account whose ID starts "
                    "R2_ENDPOINT. If it belongs to another account, correct R2_ENDPOINT. Then recreate the container."
                ),
                _NEW_TOKEN,
            ),
        },
    ),
    _cause(
        "r2-access-denied",
        "The R2 keys are valid, but have no access to this bucket.",
        "R2 returns AccessDenied, Forbidden or 403 for the bucket. The same keys are tried in "
        "the account's other jurisdictions and on the other bucket names, configured or default.",
        (commands.BUCKET,),
        _change(
            "Compare the bucket name with the one that the R2 API token is for; R2 returns the same "
            "error for a misspelled name. If the name is right, give the token Object Read & Write "
            "on the bucket in the Cloudflare dashboard."
        ),
        explains=codes("upload-object-missing", "worker-r2-mismatch"),
        reasons={
            "jurisdiction": _JURISDICTION,
            "wrong-name": _WRONG_NAME,
            "not-entitled": _to_change(
                "R2 is not enabled for the account in R2_ENDPOINT.",
                "Check in the Cloudflare dashboard that R2 is enabled and its billing is active, or "
                "correct the account in R2_ENDPOINT.",
            ),
        },
    ),
    _cause(
        "r2-bucket-missing",
        "The R2 bucket for Excel files does not exist.",
        "R2 returns NoSuchBucket for the bucket. The account's other jurisdictions, the other bucket names "
        "(configured or default) and, if the keys allow it, the bucket list show which bucket is meant.",
        (commands.BUCKET, commands.CONFIG),
        _change(
            "Compare R2_EXCEL_BUCKET with the buckets in the Cloudflare dashboard and correct any "
            "typo, then recreate the container. Only if the academy's bucket is really gone, create "
            "it in the dashboard; an object token can't create buckets."
        ),
        explains=codes("upload-object-missing", "excel-object-missing", "worker-r2-mismatch"),
        reasons={"jurisdiction": _JURISDICTION, "wrong-name": _WRONG_NAME},
    ),
    _cause(
        "r2-server-error",
        "R2 returns a server error.",
        "R2 returns a status of 500 or higher.",
        (commands.BUCKET, commands.CLOUDFLARE_STATUS),
        _read("Check the Cloudflare status page and wait; uploads fail until R2 recovers.", commands.CLOUDFLARE_STATUS),
    ),
    _cause(
        "upload-object-missing",
        "The job has not ended, but its Excel file is no longer in the bucket.",
        "R2 returns NoSuchKey for the job's file_key, and the job, read again, has still not ended. If "
        "the API returns no file_key, this is not checked.",
        (commands.UPLOAD,),
        _read(
            "Have the school upload the file again; this job can't succeed.",
            command("<ops> check job <job_id>"),
            command("<ops> diagnose"),
        ),
        explains=codes("excel-object-missing"),
        states=WAITING,
    ),
)
