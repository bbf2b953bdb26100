"""Section 3-4: what a worker's log complains of."""

from dataclasses import replace
from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import PENDING, variant
from academy_ops.diagnosis.catalogue.inside_workers import (
    CRASHES,
    IDLE,
    LETTERS,
    READ_LOG,
    REPLACE,
    ROWS,
    copy,
    edit,
    set_clock,
)

_cause = replace(ROWS, explains=IDLE | CRASHES).cause
_fatal = replace(ROWS, explains=IDLE | CRASHES | LETTERS).cause
_read, _change, _to_read, _to_change = ROWS.read, ROWS.change, ROWS.to_read, ROWS.to_change
_RESTART: Final = _change(
    "Then restart the worker: it looks for credentials only when it starts.",
    commands.on_workers("docker restart <worker_container>"),
)
_REPLACE_WORKERS: Final = _change(
    "Then replace the worker instances. Jobs in progress start over.", commands.REPLACE_INSTANCES
)
_NO_PROFILE: Final = edit(
    "Remove AWS_PROFILE, AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE from the workers' parameter, so that the "
    "worker uses the instance's role."
)

WORKER_LOG: Final = (
    _fatal(
        "worker-out-of-memory",
        "The worker's container ran out of memory and was killed.",
        "A stopped container was OOMKilled, or exited with code 137 and the kernel log shows a kill at that time or "
        "can't be read. A running container had such a kill in the last {out_of_memory_minutes} minutes. Or a log of "
        "the last {complaint_minutes} minutes or the job's error message mentions signal 9 or memory running out.",
        (commands.WORKER_MEMORY, commands.WORKER_STATE),
        _change("Split the workbook, or use a larger instance type.", commands.MACHINES),
        reasons={
            "limit": _to_change(
                "The worker's container reached its own memory limit and was killed.",
                "Raise --memory in docker run in a new version of the launch template's user data, then replace the "
                "worker instances. Jobs in progress start over. A larger instance type alone does not help.",
                commands.REPLACE_INSTANCES,
            ),
        },
    ),
    _fatal(
        "worker-dependency-missing",
        "A Python package is missing from the worker image.",
        "A No module named exception in the last lines of a stopped worker, in a job that failed "
        "in the last {complaint_minutes} minutes, or in this job's error message or log lines. A "
        "warning about a missing optional package does not count.",
        (commands.WORKER_LOG,),
        _change("Rebuild and push the image; the log names the missing package.", READ_LOG),
        _REPLACE_WORKERS,
    ),
    _fatal(
        "worker-database-down",
        "The worker can't reach its database, or the database can't do its work.",
        "A database error in a log of the last {complaint_minutes} minutes, in the last lines of "
        "a stopped worker, or in the job's error message or log lines. A deadlock or statement "
        "timeout does not count, nor does an error after which the same worker continued a job.",
        (commands.WORKER_LOG,),
        _read("Check the database, and DATABASE_URL in the workers' parameter.", READ_LOG),
        reasons={
            "unreachable": variant(
                "The worker can't connect to its database.",
                _read(
                    "Check that the database is running and that its security group allows the workers; the "
                    "log shows the address.",
                    READ_LOG,
                ),
                copy(
                    "If that address is not the API's, correct DATABASE_URL in the workers' parameter.", "DATABASE_URL"
                ),
                REPLACE,
            ),
            "tls": variant(
                "The TLS settings of the worker and its database don't match.",
                _change(
                    "The log shows which one applies. Untrusted certificate: add the database's CA file "
                    "(sslrootcert, ssl_ca) to the worker image. Expired certificate: renew it on the "
                    "database. The server requires TLS: set sslmode=require in DATABASE_URL. The server has "
                    "no TLS: remove that requirement from DATABASE_URL.",
                    READ_LOG,
                ),
                copy("If the API can connect, copy its DATABASE_URL to the workers' parameter.", "DATABASE_URL"),
                REPLACE,
            ),
            "full": _to_change(
                "The database is out of disk space or memory. This is not about the worker's own disk or memory.",
                "Give the database more storage or a larger instance, or delete data it does not need. "
                "Nothing can be done on the workers.",
                READ_LOG,
            ),
            "schema": _to_change(
                "The worker's database is missing a table or column, or does not exist.",
                "Run the migrations that the worker's release needs, or deploy the release that matches "
                "the database; the log names what is missing.",
                READ_LOG,
            ),
            "credentials": variant(
                "The database rejects the worker's user or password, or the user lacks privileges.",
                copy("Correct the user and password of DATABASE_URL in the workers' parameter.", "DATABASE_URL"),
                REPLACE,
            ),
            "read-only": variant(
                "The worker's database takes no changes: it is read-only.",
                _read(
                    "Find out why. After a failover, or with a reader's address in DATABASE_URL, the worker talks to "
                    "a replica; many managed databases also turn read-only when their disk is full.",
                    READ_LOG,
                ),
                copy("If the API can still write, copy its DATABASE_URL to the workers' parameter.", "DATABASE_URL"),
                REPLACE,
            ),
            "connections": _to_change(
                "The database has no connections left for the worker.",
                "Close idle connections or raise the connection limit. Fewer workers, or a smaller pool "
                "in each, also help. The log shows which limit was reached.",
                READ_LOG,
            ),
        },
    ),
    _cause(
        "worker-database-mismatch",
        "The worker uses a different database than the API: its results never reach the API.",
        "A worker's log shows SQS_JOB_COMPLETED or AI_JOB_IDEMPOTENT_SKIP for the job, and "
        "{young_seconds} seconds later the API still returns PENDING; or it says that the job is "
        "unknown. Whether DATABASE_URL matches the API's is compared as a digest.",
        (commands.JOB, commands.WORKER_LOG, commands.WORKER_NAMES),
        copy("Copy the API's DATABASE_URL to the workers' parameter.", "DATABASE_URL"),
        REPLACE,
        explains=IDLE | LETTERS,
        states=PENDING,
    ),
    _cause(
        "worker-aws-credentials",
        "The worker has no valid AWS credentials.",
        "A log of the last {complaint_minutes} minutes, or the last lines of a stopped worker, "
        "reports that there are no credentials or that AWS rejected them.",
        (commands.WORKER_LOG, commands.MACHINES),
        _change(
            "Attach the worker role to the instance profile; the last column shows each instance's profile.",
            commands.MACHINES,
        ),
        reasons={
            "hop-limit": variant(
                "The worker's container can't get credentials: the instance metadata service's hop limit "
                "is 1, and the container is one hop further away.",
                _change(
                    "Raise the hop limit to 2 on this instance, and in the launch template for future instances.",
                    commands.OPEN_METADATA,
                ),
                _RESTART,
            ),
            "metadata-off": variant(
                "The worker can't get credentials: the instance metadata service is disabled.",
                _change(
                    "Enable it on this instance, and in the launch template for future instances.",
                    commands.OPEN_METADATA,
                ),
                _RESTART,
            ),
            "static-keys": variant(
                "AWS rejects the AWS keys in the worker's environment, and they take precedence over its role.",
                edit(
                    "Remove AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN from the workers' "
                    "parameter, so that the worker uses the instance's role."
                ),
                REPLACE,
            ),
            "profile": variant(
                "The AWS profile in the worker's environment gives it no credentials.", _NO_PROFILE, REPLACE
            ),
            "clock": variant("The worker's clock is wrong, so AWS rejects its signatures.", *set_clock(ROWS)),
            "no-role": variant(
                "The worker's instance has no instance profile, and therefore no role.",
                _change(
                    "Find the instance profile that has the worker role, and set it in the Auto Scaling "
                    "group's launch template.",
                    commands.PROFILES,
                ),
                _REPLACE_WORKERS,
            ),
            "role": variant(
                "AWS does not allow the worker to assume the role in its settings.",
                _read(
                    "Add the identity in the log to the role's trust policy, and allow sts:AssumeRole on the role "
                    "in that identity's policy.",
                    READ_LOG,
                ),
                _NO_PROFILE,
                REPLACE,
            ),
            "web-identity": variant(
                "The worker's web identity token can't be read, or AWS rejects it.",
                edit(
                    "Remove AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN from the workers' parameter, so that the "
                    "worker uses the instance's role; or correct the role's trust policy."
                ),
                REPLACE,
            ),
            "account": variant(
                "AWS does not serve the worker's account: it is not activated, or is suspended.",
                _read(
                    "Have the account's owner complete its activation and payment in the AWS console, or contact "
                    "AWS Support.",
                    commands.WHO,
                ),
            ),
        },
    ),
    _cause(
        "worker-queue-denied",
        "The worker has no permission for what it must do with the queue's messages.",
        "A log of the last {complaint_minutes} minutes, or the last lines of a stopped worker, "
        "shows that access to SQS was denied.",
        (commands.WORKER_LOG, commands.MACHINES),
        _change(
            "Allow sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility in the worker's role.",
            commands.MACHINES,
        ),
        reasons={
            "identity-policy": _to_change(
                "The worker's role does not allow an action that the queue needs.",
                "Allow the action shown in the log in the worker's role. An explicit deny, or a permissions "
                "boundary without the action, overrides it. The last column shows each instance's profile.",
                commands.MACHINES,
            ),
            "queue-policy": _to_change(
                "The queue's policy denies the worker.",
                "Remove the deny from the queue's policy, or allow the worker's role in it.",
                commands.EDIT_QUEUE_POLICY,
            ),
            "key-policy": _to_change(
                "The worker has no permission to use the KMS key that encrypts the queue.",
                "Allow kms:Decrypt for the worker's role in the key's policy.",
                commands.EDIT_KEY_POLICY,
            ),
            "key-disabled": variant(
                "The KMS key that encrypts the queue is disabled or pending deletion.",
                _change("Enable the key.", commands.ENABLE_KEY),
                _change("Cancel the key's deletion, then enable the key.", commands.KEEP_KEY),
                _read("Check the state of the key.", commands.QUEUE_KEY),
            ),
            "key-missing": _to_change(
                "The KMS key that encrypts the queue does not exist.",
                "Remove the key from the queue. Messages encrypted with it are lost, so have those files "
                "uploaded again.",
                commands.NO_QUEUE_KEY,
            ),
            "endpoint-policy": variant(
                "The policy of the VPC endpoint between the worker and AWS denies the worker.",
                _read("Check what the endpoint's policy allows.", commands.ENDPOINT_POLICIES),
                _change(
                    "Reset the endpoint to the AWS default policy, which allows whatever the roles' policies allow.",
                    commands.RESET_ENDPOINT_POLICY,
                ),
            ),
            "organization": _to_read(
                "An AWS Organizations policy denies the worker; nothing in this account can allow it.",
                "Ask the organization's administrators; the command shows their account. The log shows "
                "the denied action.",
                commands.ORGANIZATION,
            ),
        },
    ),
)
