"""Section 3-4: inside the worker instances, seen through SSM."""

from __future__ import annotations

from typing import Final

from academy_ops.contract import QUEUE_SETTING, R2_SETTINGS
from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.boot import OTHER_PROCESSOR
from academy_ops.diagnosis.catalogue.cause import PENDING, WAITING, Rows, Variant, codes
from academy_ops.diagnosis.catalogue.connections import no_way_to
from academy_ops.diagnosis.command import command
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import Text, say
from academy_ops.thresholds import FIGURES

_READ_LOG: Final = command("<ops> --verbose check logs <job>")
_CRASHES: Final = codes("worker-crash-loop", "worker-container-exited")
_IDLE: Final = codes("queue-not-consumed", "message-stuck", "job-stalled", "message-lost")
_ROWS: Final = Rows("3-4", command("<ops> check logs <job>"), WAITING, _IDLE)
_cause, _warning, _read, _change = _ROWS.cause, _ROWS.warning, _ROWS.read, _ROWS.change
_ENDED: Final = {**no_way_to("SQS", commands.WORKER_SQS, _ROWS), "architecture": OTHER_PROCESSOR}
_REPLACE: Final = _change(
    say("Then replace the worker instances; the parameter is read only at boot. Jobs in progress start over."),
    commands.REPLACE_INSTANCES,
)
_REPLACE_ONE: Final = commands.terminate("instance")
_TERMINATE: Final = _change(
    say("If that does not help, terminate the instance; the Auto Scaling group launches a new one."), _REPLACE_ONE
)


def _take(text: Text, *names: str) -> Remedy:
    return Remedy(text, commands.from_api(*names), commands.WORKER_ENV, "change")


_RESTART: Final = _change(
    say("Then restart the worker: it looks for credentials only when it starts."),
    commands.on_workers("docker restart <worker_container>"),
)

_API_FIRST: Final = _read(
    say(
        "Correct the API server's R2 settings first, then run diagnose again; leave the workers as they are until then."
    ),
    command("<ops> check r2"),
)

_REPLACE_FORMER: Final = _change(
    say("If no deployment is in progress, replace the worker instances. Jobs in progress start over."),
    commands.REPLACE_INSTANCES,
)

LOGS: Final = (
    _cause(
        "worker-disk-full",
        say("The worker's disk is full."),
        say(
            "The disk that holds Docker's data is {disk_full_percent} percent full, in bytes or "
            "inodes, or {disk_nearly_full_percent} percent while the container is not running. Or "
            "Docker reports a full disk for a container it could not start. Or a log of the last "
            "{complaint_minutes} minutes reports no space left, and the disk is that full or the job "
            "failed on a local path.",
            **FIGURES,
        ),
        (commands.WORKER_DISK,),
        _change(
            say("Remove the images that no container uses; Docker pulls what it needs again."),
            commands.on_workers("docker image prune -af"),
        ),
        _TERMINATE,
        explains=_IDLE | _CRASHES | codes("worker-docker-down", "worker-container-missing", "worker-boot-failed"),
        reasons={
            "idle": Variant(
                say("The worker's disk is full, and its container is not running."),
                # Its image would go with those that no container uses.
                (
                    _change(
                        say("Remove old journald logs, then start the container."),
                        commands.on_workers("journalctl --vacuum-size=50M; docker start <worker_container>"),
                    ),
                    _TERMINATE,
                ),
            ),
            "inodes": Variant(
                say("The worker's disk has free space but no inodes left: it holds too many small files."),
                (
                    _read(say("Find the folder that holds them."), commands.WORKER_INODES),
                    _change(
                        say("Remove the images that no container uses; Docker pulls what it needs again."),
                        commands.on_workers("docker image prune -af"),
                    ),
                    _TERMINATE,
                ),
            ),
        },
    ),
    _cause(
        "ssm-offline",
        say("Every worker's SSM agent is offline: the instances hang or have no network."),
        say(
            "The job is waiting, and SSM shows no worker in service older than {boot_minutes} "
            "minutes as Online. It is a warning if only some are offline or no job is waiting.",
            **FIGURES,
        ),
        (commands.AGENTS, commands.MACHINES),
        _change(
            say("Reboot the instance. A job it is processing starts over."),
            command("aws ec2 reboot-instances --region <region> --instance-ids <instance>"),
        ),
        _TERMINATE,
        reasons={
            "never-registered": Variant(
                say("No worker's SSM agent has ever registered: there is no agent, no permission, or no route to SSM."),
                (
                    _read(
                        say(
                            "Check the last column: the role of each instance's profile needs the policy "
                            "AmazonSSMManagedInstanceCore."
                        ),
                        commands.MACHINES,
                    ),
                    _read(
                        say(
                            "Look for amazon-ssm-agent in the boot log: it is not installed, or can't reach SSM. To "
                            "reach it, the subnet needs NAT or VPC endpoints."
                        ),
                        commands.CONSOLE,
                    ),
                    _change(
                        say("After fixing it, replace the instances. Jobs in progress start over."),
                        commands.REPLACE_INSTANCES,
                    ),
                ),
            ),
            "connection-lost": Variant(
                say(
                    "SSM has lost the connection to every worker's agent: the instances hang or have lost "
                    "their network."
                ),
                (
                    _change(
                        say("Reboot the instance. A job it is processing starts over."),
                        command("aws ec2 reboot-instances --region <region> --instance-ids <instance>"),
                    ),
                    _TERMINATE,
                ),
            ),
        },
    ),
    _cause(
        "worker-docker-down",
        say("Docker is not running on the worker instance."),
        say(
            "On an instance older than {boot_minutes} minutes, systemd reports that Docker is not "
            "running, Docker is not installed, or its client gets no response from the daemon within "
            "seconds.",
            **FIGURES,
        ),
        (commands.WORKER_DOCKER,),
        _change(say("Start Docker on the instance."), commands.on_workers("systemctl start docker")),
        _TERMINATE,
        explains=_IDLE | codes("worker-container-missing"),
        reasons={
            "hung": Variant(
                say("Docker hangs on the worker instance: it is running, but does not respond."),
                (
                    _change(
                        say("Restart Docker on the instance. A job that the worker is processing starts over."),
                        commands.on_workers("systemctl restart docker"),
                    ),
                    _TERMINATE,
                ),
            ),
            "not-installed": Variant(
                say("Docker is not installed on the worker instance."),
                (
                    _read(say("Find out from the boot log why it was not installed."), commands.WORKER_BOOT),
                    _change(
                        say("Then terminate the instance; the Auto Scaling group launches a new one."), _REPLACE_ONE
                    ),
                ),
            ),
        },
    ),
    _cause(
        "worker-env-stale",
        say("The workers' parameter was changed after the worker started; the worker still runs with the old values."),
        say(
            "The parameter is newer than the container, has a different queue, bucket, endpoint or "
            "key (compared as digests), and is itself correct."
        ),
        (commands.PARAMETER_AGE, commands.WORKER_MADE),
        _change(
            say("Replace the worker instances; the parameter is read only at boot. Jobs in progress start over."),
            commands.REPLACE_INSTANCES,
        ),
        explains=_IDLE | codes("worker-queue-mismatch", "worker-r2-mismatch", "worker-env-missing"),
    ),
    _cause(
        "worker-env-missing",
        say("The worker is running without the R2 settings it needs."),
        say(
            "R2_ENDPOINT, R2_ACCESS_KEY or R2_SECRET_KEY is missing or blank in the container or, if "
            "there is no container, in the parameter; or the parameter is missing or can't be "
            "parsed. A job error message that says so counts too."
        ),
        (commands.WORKER_ENV, commands.WORKER_NAMES, commands.PARAMETER_AGE),
        _take(say("Copy the API's R2 endpoint and keys to the workers' parameter."), *R2_SETTINGS),
        _REPLACE,
        explains=_IDLE | _CRASHES | codes("worker-container-missing", "worker-r2-mismatch"),
        reasons={
            "api-side": Variant(
                say("The worker is running without the R2 settings it needs, and the API's own settings are wrong."),
                (_API_FIRST,),
            ),
            "parameter-unread": Variant(
                say(
                    "The workers' parameter is complete, but the worker is running without it: its instance "
                    "could not read the parameter."
                ),
                (
                    _read(
                        say(
                            "Find out why on the instance. Its role needs ssm:GetParameter on the parameter and "
                            "kms:Decrypt on the key that encrypts it."
                        ),
                        commands.PARAMETER_THERE,
                    ),
                    _change(
                        say(
                            "After allowing it in the role or the key's policy, replace the instances; the parameter "
                            "is read only at boot. Jobs in progress start over."
                        ),
                        commands.REPLACE_INSTANCES,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "worker-queue-mismatch",
        say("The worker polls a different queue than the API uses."),
        say(
            "AI_SQS_QUEUE_NAME_BASIC in the container (if there is none, in the parameter) is not "
            "the API's; if it is not set, the default is compared. Or its AWS_REGION "
            "(AWS_DEFAULT_REGION), or an AWS_ENDPOINT_URL_SQS (AWS_ENDPOINT_URL) of its own, is not "
            "the API's. Or SQS reports to the worker that its queue does not exist, although the "
            "API's does."
        ),
        (commands.WORKER_ENV, commands.WORKER_QUEUE, commands.WORKER_REGION, commands.PARAMETER_AGE),
        _take(say("Set the queue in the workers' parameter to the API's queue."), QUEUE_SETTING),
        _REPLACE,
        explains=_IDLE | codes("worker-silent") | _CRASHES,
        reasons={
            "api-side": Variant(
                say("The worker polls a different queue than the API uses, and the API's queue does not exist."),
                (
                    _read(
                        say(
                            "Correct {setting} or AWS_REGION on the API server first, then run diagnose again; leave "
                            "the workers as they are until then.",
                            setting=QUEUE_SETTING,
                        ),
                        command("<ops> check queue <job>"),
                    ),
                ),
            ),
            "account": Variant(
                say("The worker uses the API's queue name, but that queue does not exist in the worker's AWS account."),
                (
                    _read(
                        say("Check on the instance which AWS account its role belongs to."),
                        commands.WORKER_ACCOUNT,
                    ),
                    Remedy(
                        say(
                            "If the workers' parameter contains AWS keys, they are from another account: remove "
                            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, so that the role applies."
                        ),
                        commands.EDIT_WORKER_ENV,
                        commands.WORKER_ENV,
                        "change",
                    ),
                    _REPLACE,
                ),
            ),
            "region": Variant(
                say("The worker polls a queue in a different AWS region than the API's."),
                (
                    Remedy(
                        say("Set the region in the workers' parameter to the API's region."),
                        command("<ops> worker-env --set AWS_REGION=<region> --set AWS_DEFAULT_REGION=<region>"),
                        commands.WORKER_ENV,
                        "change",
                    ),
                    _REPLACE,
                ),
            ),
            "endpoint": Variant(
                say("The worker uses a different AWS endpoint for its queue than the API."),
                (
                    Remedy(
                        say(
                            "Remove AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_SQS from the workers' parameter, or "
                            "correct them."
                        ),
                        commands.EDIT_WORKER_ENV,
                        commands.WORKER_ENV,
                        "change",
                    ),
                    _REPLACE,
                ),
            ),
        },
    ),
    _cause(
        "worker-r2-mismatch",
        say("The worker's R2 bucket or endpoint differs from the API's, or R2 rejected the worker's own key."),
        say(
            "The bucket or endpoint in use in the container (if there is none, in the parameter) is "
            "not the API's; or R2 denied access to the job's file and the worker's R2 settings are "
            "not the API's."
        ),
        (commands.WORKER_ENV, commands.WORKER_R2, commands.PARAMETER_AGE),
        _take(
            say("Copy the API's R2 endpoint and bucket to the workers' parameter."), "R2_ENDPOINT", "R2_EXCEL_BUCKET"
        ),
        _take(say("If R2 rejected the worker's own key, copy the API's key too."), "R2_ACCESS_KEY", "R2_SECRET_KEY"),
        _REPLACE,
        explains=_IDLE | codes("excel-object-missing"),
        reasons={
            "api-side": Variant(
                say("The worker's R2 bucket or endpoint differs from the API's, and the API's is the wrong one."),
                (_API_FIRST,),
            ),
        },
    ),
    _cause(
        "worker-out-of-memory",
        say("The worker's container ran out of memory and was killed."),
        say(
            "A stopped container was OOMKilled, or exited with code 137 and the kernel log shows a "
            "kill at that time or can't be read. A running container had such a kill in the last "
            "{out_of_memory_minutes} minutes. Or a log of the last {complaint_minutes} minutes or "
            "the job's error message mentions signal 9 or memory running out.",
            **FIGURES,
        ),
        (commands.WORKER_MEMORY, commands.WORKER_STATE),
        _change(say("Split the workbook, or use a larger instance type."), commands.MACHINES),
        explains=_IDLE | _CRASHES,
    ),
    _cause(
        "worker-dependency-missing",
        say("A Python package is missing from the worker image."),
        say(
            "A No module named exception in the last lines of a stopped worker, in a job that failed "
            "in the last {complaint_minutes} minutes, or in this job's error message or log lines. A "
            "warning about a missing optional package does not count.",
            **FIGURES,
        ),
        (commands.WORKER_LOG,),
        _change(say("Rebuild and push the image; the log names the missing package."), _READ_LOG),
        _change(say("Then replace the worker instances. Jobs in progress start over."), commands.REPLACE_INSTANCES),
        explains=_IDLE | _CRASHES,
    ),
    _cause(
        "worker-database-down",
        say("The worker can't reach its database, or the database can't do its work."),
        say(
            "A database error in a log of the last {complaint_minutes} minutes, in the last lines of "
            "a stopped worker, or in the job's error message or log lines. A deadlock or statement "
            "timeout does not count, nor does an error after which the same worker continued a job.",
            **FIGURES,
        ),
        (commands.WORKER_LOG,),
        _read(say("Check the database, and DATABASE_URL in the workers' parameter."), _READ_LOG),
        explains=_IDLE | _CRASHES,
        reasons={
            "unreachable": Variant(
                say("The worker can't connect to its database."),
                (
                    _read(
                        say(
                            "Check that the database is running and that its security group allows the workers; the "
                            "log shows the address."
                        ),
                        _READ_LOG,
                    ),
                    _take(
                        say("If that address is not the API's, correct DATABASE_URL in the workers' parameter."),
                        "DATABASE_URL",
                    ),
                    _REPLACE,
                ),
            ),
            "tls": Variant(
                say("The TLS settings of the worker and its database don't match."),
                (
                    _read(
                        say(
                            "The log shows which one applies. Untrusted certificate: add the database's CA file "
                            "(sslrootcert, ssl_ca) to the worker image. Expired certificate: renew it on the "
                            "database. The server requires TLS: set sslmode=require in DATABASE_URL. The server has "
                            "no TLS: remove that requirement from DATABASE_URL."
                        ),
                        _READ_LOG,
                    ),
                    _take(
                        say("If the API can connect, copy its DATABASE_URL to the workers' parameter."), "DATABASE_URL"
                    ),
                    _REPLACE,
                ),
            ),
            "full": Variant(
                say("The database is out of disk space or memory. This is not about the worker's own disk or memory."),
                (
                    _read(
                        say(
                            "Give the database more storage or a larger instance, or delete data it does not need. "
                            "Nothing can be done on the workers."
                        ),
                        _READ_LOG,
                    ),
                ),
            ),
            "schema": Variant(
                say("The worker's database is missing a table or column, or does not exist."),
                (
                    _read(
                        say(
                            "Run the migrations that the worker's release needs, or deploy the release that matches "
                            "the database; the log names what is missing."
                        ),
                        _READ_LOG,
                    ),
                ),
            ),
            "credentials": Variant(
                say("The database rejects the worker's user or password, or the user lacks privileges."),
                (
                    _take(
                        say("Correct the user and password of DATABASE_URL in the workers' parameter."), "DATABASE_URL"
                    ),
                    _REPLACE,
                ),
            ),
            "connections": Variant(
                say("The database has no connections left for the worker."),
                (
                    _read(
                        say(
                            "Close idle connections or raise the connection limit. Fewer workers, or a smaller pool "
                            "in each, also help. The log shows which limit was reached."
                        ),
                        _READ_LOG,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "worker-database-mismatch",
        say("The worker uses a different database than the API: its results never reach the API."),
        say(
            "A worker's log shows SQS_JOB_COMPLETED or AI_JOB_IDEMPOTENT_SKIP for the job, and "
            "{young_seconds} seconds later the API still returns PENDING; or it says that the job is "
            "unknown. Whether DATABASE_URL matches the API's is compared as a digest.",
            **FIGURES,
        ),
        (commands.JOB, commands.WORKER_LOG, commands.WORKER_NAMES),
        _take(say("Copy the API's DATABASE_URL to the workers' parameter."), "DATABASE_URL"),
        _REPLACE,
        explains=_IDLE | codes("queue-dead-letters"),
        states=PENDING,
    ),
    _cause(
        "worker-aws-credentials",
        say("The worker has no valid AWS credentials."),
        say(
            "A log of the last {complaint_minutes} minutes, or the last lines of a stopped worker, "
            "reports that there are no credentials or that AWS rejected them.",
            **FIGURES,
        ),
        (commands.WORKER_LOG, commands.MACHINES),
        _change(
            say("Attach the worker role to the instance profile; the last column shows each instance's profile."),
            commands.MACHINES,
        ),
        explains=_IDLE | _CRASHES,
        reasons={
            "hop-limit": Variant(
                say(
                    "The worker's container can't get credentials: the instance metadata service's hop limit "
                    "is 1, and the container is one hop further away."
                ),
                (
                    _change(
                        say(
                            "Raise the hop limit to 2 on this instance, and in the launch template for future "
                            "instances."
                        ),
                        commands.OPEN_METADATA,
                    ),
                    _RESTART,
                ),
            ),
            "metadata-off": Variant(
                say("The worker can't get credentials: the instance metadata service is disabled."),
                (
                    _change(
                        say("Enable it on this instance, and in the launch template for future instances."),
                        commands.OPEN_METADATA,
                    ),
                    _RESTART,
                ),
            ),
            "static-keys": Variant(
                say("AWS rejects the AWS keys in the worker's environment, and they take precedence over its role."),
                (
                    Remedy(
                        say(
                            "Remove AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN from the workers' "
                            "parameter, so that the worker uses the instance's role."
                        ),
                        commands.EDIT_WORKER_ENV,
                        commands.WORKER_ENV,
                        "change",
                    ),
                    _REPLACE,
                ),
            ),
            "clock": Variant(
                say("The worker's clock is wrong, so AWS rejects its signatures."),
                (
                    _change(
                        say("Sync the instance's clock with its time server."),
                        commands.SET_CLOCK,
                    ),
                    _read(say("Check on the instance that its time is right now."), commands.WORKER_CLOCK),
                ),
            ),
            "no-role": Variant(
                say("The worker's instance has no instance profile, and therefore no role."),
                (
                    _read(
                        say(
                            "Find the instance profile that has the worker role, and set it in the Auto Scaling "
                            "group's launch template."
                        ),
                        commands.PROFILES,
                    ),
                    _change(
                        say("Then replace the worker instances. Jobs in progress start over."),
                        commands.REPLACE_INSTANCES,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "worker-queue-denied",
        say("The worker has no permission to receive messages from the queue."),
        say(
            "A log of the last {complaint_minutes} minutes, or the last lines of a stopped worker, "
            "shows that access to SQS was denied.",
            **FIGURES,
        ),
        (commands.WORKER_LOG, commands.MACHINES),
        _change(
            say("Allow sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility in the worker's role."),
            commands.MACHINES,
        ),
        explains=_IDLE | _CRASHES,
        reasons={
            "identity-policy": Variant(
                say("The worker's role does not allow an action that the queue needs."),
                (
                    _read(
                        say(
                            "Allow the action shown in the log in the worker's role. An explicit deny, or a "
                            "permissions boundary without the action, overrides it. The last column shows each "
                            "instance's profile."
                        ),
                        commands.MACHINES,
                    ),
                ),
            ),
            "queue-policy": Variant(
                say("The queue's policy denies the worker."),
                (
                    _change(
                        say("Remove the deny from the queue's policy, or allow the worker's role in it."),
                        commands.EDIT_QUEUE_POLICY,
                    ),
                ),
            ),
            "key-policy": Variant(
                say("The worker has no permission to use the KMS key that encrypts the queue."),
                (
                    _change(
                        say("Allow kms:Decrypt for the worker's role in the key's policy."), commands.EDIT_KEY_POLICY
                    ),
                ),
            ),
            "key-disabled": Variant(
                say("The KMS key that encrypts the queue is disabled or pending deletion."),
                (
                    _change(say("Enable the key."), commands.ENABLE_KEY),
                    _change(say("Cancel the key's deletion, then enable the key."), commands.KEEP_KEY),
                    _read(say("Check the state of the key."), commands.QUEUE_KEY),
                ),
            ),
            "key-missing": Variant(
                say("The KMS key that encrypts the queue does not exist."),
                (
                    _change(
                        say(
                            "Remove the key from the queue. Messages encrypted with it are lost, so have those files "
                            "uploaded again."
                        ),
                        commands.NO_QUEUE_KEY,
                    ),
                ),
            ),
            "endpoint-policy": Variant(
                say("The policy of the VPC endpoint between the worker and AWS denies the worker."),
                (
                    _read(say("Check what the endpoint's policy allows."), commands.ENDPOINT_POLICIES),
                    _change(
                        say(
                            "Reset the endpoint to the AWS default policy, which allows whatever the roles' policies "
                            "allow."
                        ),
                        commands.RESET_ENDPOINT_POLICY,
                    ),
                ),
            ),
            "organization": Variant(
                say("An AWS Organizations policy denies the worker; nothing in this account can allow it."),
                (
                    _read(
                        say(
                            "Ask the organization's administrators; the command shows their account. The log shows "
                            "the denied action."
                        ),
                        commands.ORGANIZATION,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "worker-container-missing",
        say("The instance is up, but has no worker container."),
        say(
            "Docker is running on an instance older than {boot_minutes} minutes, but has no "
            "container with the worker's name.",
            **FIGURES,
        ),
        (commands.WORKER_STATE, commands.WORKER_BOOT),
        _read(say("Read the end of the instance's boot log."), commands.WORKER_BOOT),
        _TERMINATE,
    ),
    _cause(
        "worker-crash-loop",
        say("The worker's container crashes and restarts over and over."),
        say(
            "Docker shows the state restarting, or has restarted the container {crash_loop_restarts} "
            "times or more, the last time less than {crash_loop_minutes} minutes ago. Or the systemd "
            "unit that runs the container has failed that often within half an hour, and is about to "
            "restart or has just restarted.",
            **FIGURES,
        ),
        (commands.WORKER_STATE, commands.WORKER_LOG),
        _read(say("Find the reason in the last log lines."), _READ_LOG),
        explains=_IDLE | codes("worker-container-exited"),
        reasons={
            **_ENDED,
            "unit": Variant(
                say("The systemd unit that runs the worker fails and restarts over and over."),
                (
                    _read(
                        say("Find the reason in the unit's journal, which includes the worker's log."),
                        commands.WORKER_UNIT,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "worker-container-exited",
        say("The worker's container has stopped."),
        say("The container exists, but is neither running nor restarting."),
        (commands.WORKER_STATE, commands.WORKER_ERROR, commands.WORKER_LOG),
        _read(say("Find out from the log why it stopped."), _READ_LOG),
        _change(say("Start the container."), commands.on_workers("docker start <worker_container>")),
        reasons={
            **_ENDED,
            "start-failed": Variant(
                say("Docker could not start the worker's container."),
                (
                    _read(
                        say("Docker shows why; until that is fixed, it will not start."),
                        commands.WORKER_ERROR,
                    ),
                    _change(
                        say(
                            "If the image or its command is wrong, correct it in the launch template's user data, "
                            "then replace the worker instances. Jobs in progress start over."
                        ),
                        commands.REPLACE_INSTANCES,
                    ),
                ),
            ),
            "unit": Variant(
                say("The systemd unit that runs the worker has stopped."),
                (
                    _read(say("Find the reason in the unit's journal."), commands.WORKER_UNIT),
                    _change(
                        say("Restart the unit."),
                        commands.on_workers("systemctl reset-failed <unit>; systemctl start <unit>"),
                    ),
                ),
            ),
            "paused": Variant(
                say("The worker's container is paused: its processes are frozen."),
                (_change(say("Unpause the container."), commands.on_workers("docker unpause <worker_container>")),),
            ),
            "dead": Variant(
                say("Docker failed to remove the worker's container; the container can't be started again."),
                (_change(say("Terminate the instance; the Auto Scaling group launches a new one."), _REPLACE_ONE),),
            ),
        },
    ),
    _warning(
        "worker-container-unhealthy",
        say("The worker's container is running, but its health check fails."),
        say("Docker shows the container as unhealthy. On its own, this does not prove that work is affected."),
        (commands.WORKER_HEALTH, commands.WORKER_LOG),
        _read(
            say("Check what the health check reports, and whether messages and the job still make progress."), _READ_LOG
        ),
    ),
    _warning(
        "worker-images-differ",
        say("The workers are not all running the same image."),
        say(
            "The digests of the workers' images differ, or an instance in service was launched from "
            "an earlier version of the launch template and no deployment is in progress. During a "
            "deployment this is normal."
        ),
        (commands.WORKER_IMAGE, commands.TEMPLATE),
        _REPLACE_FORMER,
        reasons={
            "template": Variant(
                say(
                    "A worker was launched from an earlier version of the launch template than the Auto "
                    "Scaling group uses now."
                ),
                (_REPLACE_FORMER,),
            ),
        },
    ),
    _warning(
        "worker-silent",
        say("The worker's log is empty; some releases log nothing at INFO level."),
        say("The container has logged nothing while work is waiting. On its own, this proves nothing."),
        (commands.WORKER_STATE, commands.WORKER_LOG),
        Remedy(
            say("Check whether messages and the job still make progress."),
            command("<ops> check queue <job>"),
            command("<ops> diagnose <job>"),
        ),
    ),
)
