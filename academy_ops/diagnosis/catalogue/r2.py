"""Section 1: the upload, and R2 behind it."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_FAILED, WAITING, Rows, Variant, codes
from academy_ops.diagnosis.catalogue.connections import no_way_to
from academy_ops.diagnosis.command import command
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import say

_ROWS: Final = Rows("1", command("<ops> check r2"), NO_JOB_OR_FAILED)
_cause, _read, _change = _ROWS.cause, _ROWS.read, _ROWS.change
_NEW_TOKEN: Final = _change(
    say(
        "Create a new R2 API token (Object Read & Write on the bucket), put its two keys into the API server's .env "
        "and the workers' parameter, then recreate the container: docker restart keeps the old values."
    ),
    commands.CONFIG,
)
_JURISDICTION: Final = Variant(
    say("R2_ENDPOINT is the address of another jurisdiction than the bucket's."),
    (
        _change(
            say(
                "Set R2_ENDPOINT to {elsewhere}, where the bucket is and these keys open it, in the API server's .env "
                "and the workers' parameter, then recreate the container. Create no second bucket.",
                elsewhere=say("the address in the evidence"),
            ),
            commands.CONFIG,
        ),
    ),
)
_WRONG_NAME: Final = Variant(
    say("The bucket's name is wrong: these keys open one of another name."),
    (
        _change(
            say(
                "Where {meant} is the academy's bucket, set R2_EXCEL_BUCKET to that in the API server's .env, then "
                "recreate the container. Create no bucket of the wrong name.",
                meant=say("the name in the evidence"),
            ),
            commands.CONFIG,
        ),
    ),
)

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
            "A setting in force is in quotes (or has one at an end only), holds white space, looks like a placeholder "
            "or a variable that nothing has filled in; the bucket has a name that no bucket can have; or R2_ENDPOINT "
            "is not a URL, has a path, a host name that can't be one or no account's S3 address at Cloudflare, the "
            "bucket in its host, or is http at Cloudflare. Or R2 itself refuses the request with a 4xx that is neither "
            "the keys' fault nor the bucket's. Where the bucket opens, how a value looks does not count."
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
            "did answer this machine; or what is not S3's XML, and no refusal of anybody on the way: a page with the "
            "status 200 or 404, a redirect. A job's message that says so counts, too."
        ),
        (commands.REACH_R2,),
        _change(
            say("Compare R2_ENDPOINT with the account's S3 endpoint in the Cloudflare dashboard."), commands.CONFIG
        ),
        reasons={
            **no_way_to("R2", commands.WORKER_TO_R2, _ROWS),
            "not-s3": Variant(
                say("What answers at R2_ENDPOINT is not R2: a web site, AWS or something else."),
                (
                    _change(
                        say(
                            "Write the account's S3 endpoint from the Cloudflare dashboard: not a bucket's public "
                            "address, a web site, or the dashboard's own."
                        ),
                        commands.CONFIG,
                    ),
                ),
            ),
        },
        explains=codes("worker-r2-mismatch"),
    ),
    _cause(
        "r2-credentials-rejected",
        say("R2 rejects the API's keys."),
        say(
            "R2 answers InvalidAccessKeyId, SignatureDoesNotMatch, Unauthorized, InvalidArgument or 401. By their "
            "lengths the keys are swapped or not."
        ),
        (commands.BUCKET,),
        _NEW_TOKEN,
        explains=codes("upload-object-missing", "worker-r2-mismatch"),
        reasons={
            "swapped": Variant(
                say("R2_ACCESS_KEY holds the secret, and R2_SECRET_KEY the access key."),
                (
                    _change(
                        say(
                            "Swap the two in the API server's .env and in the workers' parameter (the access key has "
                            "32 characters, the secret 64), then recreate the container. They need not be made anew."
                        ),
                        commands.CONFIG,
                    ),
                ),
            ),
            "key-form": Variant(
                say("R2_ACCESS_KEY is not an R2 access key; those have 32 characters."),
                (
                    _change(
                        say(
                            "Put the token's access key id there, not its value, an AWS key or a part of it; "
                            "R2_SECRET_KEY has 64 characters. Then recreate the container."
                        ),
                        commands.CONFIG,
                    ),
                    _NEW_TOKEN,
                ),
            ),
            "secret": Variant(
                say("R2 accepts R2_ACCESS_KEY, but R2_SECRET_KEY does not match it."),
                (
                    _change(
                        say(
                            "Put the secret that was shown with this access key into R2_SECRET_KEY, and recreate the "
                            "container. It is shown once only: where nobody has it, a new token is needed."
                        ),
                        commands.CONFIG,
                    ),
                    _NEW_TOKEN,
                ),
            ),
            "unknown-key": Variant(
                say(
                    "The account in R2_ENDPOINT does not know R2_ACCESS_KEY: the token was deleted or has expired, or "
                    "is another account's."
                ),
                (
                    _change(
                        say(
                            "Look for the token under R2 in the Cloudflare dashboard of the account whose id begins "
                            "R2_ENDPOINT. Where another account has it, correct R2_ENDPOINT; then recreate the "
                            "container."
                        ),
                        commands.CONFIG,
                    ),
                    _NEW_TOKEN,
                ),
            ),
        },
    ),
    _cause(
        "r2-access-denied",
        say("R2 accepts the keys, but they have no access to this bucket."),
        say(
            "R2 answers AccessDenied, Forbidden or 403 for the bucket. The account's other jurisdictions, and the "
            "other bucket names that are set or the default, are tried with the same keys."
        ),
        (commands.BUCKET,),
        _change(
            say(
                "Compare the bucket's name with the one that the R2 API token is for: R2 answers the same where the "
                "name is misspelt. Where it is right, give the token Object Read & Write on it in the Cloudflare "
                "dashboard."
            ),
            commands.CONFIG,
        ),
        explains=codes("upload-object-missing", "worker-r2-mismatch"),
        reasons={
            "jurisdiction": _JURISDICTION,
            "wrong-name": _WRONG_NAME,
            "not-entitled": Variant(
                say("R2 is not enabled for the account in R2_ENDPOINT."),
                (
                    _change(
                        say(
                            "See in the Cloudflare dashboard whether R2 is enabled and paid for; or correct the "
                            "account in R2_ENDPOINT."
                        ),
                        commands.CONFIG,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "r2-bucket-missing",
        say("The R2 bucket for Excel files does not exist."),
        say(
            "R2 answers NoSuchBucket for the bucket. The account's other jurisdictions, the other bucket names that "
            "are set or the default, and the list of buckets, where the keys may see it, show what is meant."
        ),
        (commands.BUCKET, commands.CONFIG),
        _change(
            say(
                "Compare R2_EXCEL_BUCKET with the buckets in the Cloudflare dashboard, and correct it where it is "
                "misspelt; then recreate the container. Only where the academy's bucket is really gone, create it "
                "there: a token for objects can't."
            ),
            commands.CONFIG,
        ),
        explains=codes("upload-object-missing", "excel-object-missing", "worker-r2-mismatch"),
        reasons={"jurisdiction": _JURISDICTION, "wrong-name": _WRONG_NAME},
    ),
    _cause(
        "r2-server-error",
        say("R2 returns a server error."),
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
