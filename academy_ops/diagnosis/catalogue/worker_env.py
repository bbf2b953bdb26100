"""Section 3-4: what a worker's environment holds, against the API's."""

from typing import Final

from academy_ops.contract import QUEUE_SETTING, R2_SETTINGS
from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import codes, variant
from academy_ops.diagnosis.catalogue.inside_workers import (
    CRASHES,
    IDLE,
    LETTERS,
    READ_PARAMETER,
    REPLACE,
    ROWS,
    copy,
    edit,
)
from academy_ops.diagnosis.command import command
from academy_ops.messages import say

_cause, _read, _change, _to_change = ROWS.cause, ROWS.read, ROWS.change, ROWS.to_change
_API_FIRST: Final = _change(
    "Correct the API server's R2 settings first, then run diagnose again; leave the workers as they are until then.",
    command("<ops> check r2"),
)

WORKER_ENV: Final = (
    _cause(
        "worker-env-stale",
        "The workers' parameter was changed after the worker started; the worker still runs with the old values.",
        "The parameter is newer than the container, has a different queue, bucket, endpoint or "
        "key (compared as digests), and is itself correct.",
        (commands.PARAMETER_AGE, commands.WORKER_MADE),
        _change(
            "Replace the worker instances; the parameter is read only at boot. Jobs in progress start over.",
            commands.REPLACE_INSTANCES,
        ),
        explains=IDLE | codes("worker-queue-mismatch", "worker-r2-mismatch", "worker-env-missing"),
    ),
    _cause(
        "worker-env-missing",
        "The worker is running without the R2 settings it needs.",
        "R2_ENDPOINT, R2_ACCESS_KEY or R2_SECRET_KEY is missing or blank in the container or, if "
        "there is no container, in the parameter; or the parameter is missing or can't be "
        "parsed. A job error message that says so counts too.",
        (commands.WORKER_ENV, commands.WORKER_NAMES, commands.PARAMETER_AGE),
        copy("Copy the API's R2 endpoint and keys to the workers' parameter.", *R2_SETTINGS),
        REPLACE,
        explains=IDLE | LETTERS | CRASHES | codes("worker-container-missing", "worker-r2-mismatch"),
        reasons={
            "api-side": variant(
                "The worker is running without the R2 settings it needs, and the API's own settings are wrong.",
                _API_FIRST,
            ),
            "parameter-unread": variant(
                "The workers' parameter is complete, but the worker is running without it: its instance "
                "could not read the parameter.",
                READ_PARAMETER,
                _change(
                    "After allowing it in the role or the key's policy, replace the instances; the parameter "
                    "is read only at boot. Jobs in progress start over.",
                    commands.REPLACE_INSTANCES,
                ),
            ),
        },
    ),
    _cause(
        "worker-queue-mismatch",
        "The worker polls a different queue than the API uses.",
        "AI_SQS_QUEUE_NAME_BASIC in the container (if there is none, in the parameter) is not the API's; if it is "
        "not set, the default is compared. Or its AWS_REGION (AWS_DEFAULT_REGION), or an AWS_ENDPOINT_URL_SQS "
        "(AWS_ENDPOINT_URL) of its own, is not the API's. Or SQS reports to the worker that its queue does not "
        "exist, although the API's does.",
        (commands.WORKER_ENV, commands.WORKER_QUEUE, commands.WORKER_REGION, commands.PARAMETER_AGE),
        copy("Set the queue in the workers' parameter to the API's queue.", QUEUE_SETTING),
        REPLACE,
        explains=IDLE | codes("worker-silent") | CRASHES,
        reasons={
            "api-side": _to_change(
                "The worker polls a different queue than the API uses, and the API's queue does not exist.",
                say(
                    "Correct {setting} or AWS_REGION on the API server first, then run diagnose again; leave "
                    "the workers as they are until then.",
                    setting=QUEUE_SETTING,
                ),
                command("<ops> check queue <job>"),
            ),
            "account": variant(
                "The worker uses the API's queue name, but that queue does not exist in the worker's AWS account.",
                _read("Check on the instance which AWS account its role belongs to.", commands.WORKER_ACCOUNT),
                edit(
                    "If the workers' parameter contains AWS keys, they are from another account: remove "
                    "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, so that the role applies."
                ),
                REPLACE,
            ),
            "region": variant(
                "The worker polls a queue in a different AWS region than the API's.",
                _change(
                    "Set the region in the workers' parameter to the API's region.",
                    command("<ops> worker-env --set AWS_REGION=<region> --set AWS_DEFAULT_REGION=<region>"),
                    commands.WORKER_ENV,
                ),
                REPLACE,
            ),
            "endpoint": variant(
                "The worker uses a different AWS endpoint for its queue than the API.",
                edit("Remove AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_SQS from the workers' parameter, or correct them."),
                REPLACE,
            ),
        },
    ),
    _cause(
        "worker-r2-mismatch",
        "The worker's R2 bucket or endpoint differs from the API's, or R2 rejected the worker's own key.",
        "The bucket or endpoint in use in the container (if there is none, in the parameter) is not the API's; or "
        "R2 denied access to the job's file and the worker's R2 settings are not the API's.",
        (commands.WORKER_ENV, commands.WORKER_R2, commands.PARAMETER_AGE),
        copy("Copy the API's R2 endpoint and bucket to the workers' parameter.", "R2_ENDPOINT", "R2_EXCEL_BUCKET"),
        copy("If R2 rejected the worker's own key, copy the API's key too.", "R2_ACCESS_KEY", "R2_SECRET_KEY"),
        REPLACE,
        explains=IDLE | LETTERS | codes("excel-object-missing"),
        reasons={
            "api-side": variant(
                "The worker's R2 bucket or endpoint differs from the API's, and the API's is the wrong one.", _API_FIRST
            )
        },
    ),
)
