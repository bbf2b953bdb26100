"""Section 3-4: inside the worker instances, seen through SSM."""

from __future__ import annotations

from typing import Final

from academy_ops.contract import QUEUE_SETTING, R2_SETTINGS
from academy_ops.diagnosis.catalogue import commands
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
_NO_SQS: Final = no_way_to("SQS", commands.WORKER_SQS, _ROWS)
_REPLACE: Final = _change(
    say("Then replace the worker instances; the parameter is read at boot only. Jobs in progress start over."),
    commands.REPLACE_INSTANCES,
)
_REPLACE_ONE: Final = commands.terminate("instance")
_TERMINATE: Final = _change(say("If that does not help, have the group replace the instance."), _REPLACE_ONE)


def _take(text: Text, *names: str) -> Remedy:
    return Remedy(text, commands.from_api(*names), commands.WORKER_ENV, "change")


_RESTART: Final = _change(
    say("Then restart the worker: it looks for credentials at its start only."),
    commands.on_workers("docker restart <worker_container>"),
)

_API_FIRST: Final = _read(
    say("Correct the API server's R2 settings first, and diagnose again; leave the workers as they are until then."),
    command("<ops> check r2"),
)

_REPLACE_FORMER: Final = _change(
    say("Once no deployment is under way, replace the worker instances. Jobs in progress start over."),
    commands.REPLACE_INSTANCES,
)

LOGS: Final = (
    _cause(
        "worker-disk-full",
        say("The worker's disk is full."),
        say(
            "The disk with Docker's data is {disk_full_percent} percent full, in bytes or in inodes, or "
            "{disk_nearly_full_percent} percent while the container does not run; or Docker says so of a container "
            "that it could not start; or a log of the last {complaint_minutes} minutes says that no space is "
            "left, and the disk is that full, or the job's failure names a local path.",
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
                say("The worker's disk is full, and its container does not run."),
                # Its image would go with those that no container uses.
                (
                    _change(
                        say("Remove what journald keeps of the past, and start the container."),
                        commands.on_workers("journalctl --vacuum-size=50M; docker start <worker_container>"),
                    ),
                    _TERMINATE,
                ),
            ),
            "inodes": Variant(
                say("The worker's disk has no inodes left, although it has space: it holds too many small files."),
                (
                    _read(say("See which folder holds them."), commands.WORKER_INODES),
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
            "The job waits, and SSM reports no worker in service that is older than {boot_minutes} minutes as Online. "
            "A warning where only some are offline or no job waits.",
            **FIGURES,
        ),
        (commands.AGENTS, commands.MACHINES),
        _change(
            say("Reboot the instance; a job it is working on starts over."),
            command("aws ec2 reboot-instances --region <region> --instance-ids <instance>"),
        ),
        _TERMINATE,
        reasons={
            "never-registered": Variant(
                say("No worker's SSM agent has ever registered: no agent, no permission, or no way to SSM."),
                (
                    _read(
                        say(
                            "Look at the last column: the role behind each instance's profile needs the policy "
                            "AmazonSSMManagedInstanceCore."
                        ),
                        commands.MACHINES,
                    ),
                    _read(
                        say(
                            "Look for what amazon-ssm-agent says at boot: it is not installed, or can't reach SSM, for "
                            "which the subnet needs NAT or VPC endpoints."
                        ),
                        commands.CONSOLE,
                    ),
                    _change(
                        say("Once that is put right, replace the instances. Jobs in progress start over."),
                        commands.REPLACE_INSTANCES,
                    ),
                ),
            ),
            "connection-lost": Variant(
                say("SSM has lost every worker's agent: the instances hang or have no network any more."),
                (
                    _change(
                        say("Reboot the instance; a job it is working on starts over."),
                        command("aws ec2 reboot-instances --region <region> --instance-ids <instance>"),
                    ),
                    _TERMINATE,
                ),
            ),
        },
    ),
    _cause(
        "worker-docker-down",
        say("Docker does not run on the worker instance."),
        say(
            "On an instance older than {boot_minutes} minutes systemd says that Docker does not run, or it is not "
            "installed, or no server answers its client; or Docker does not answer within seconds.",
            **FIGURES,
        ),
        (commands.WORKER_DOCKER,),
        _change(say("Start Docker on the instance."), commands.on_workers("systemctl start docker")),
        _TERMINATE,
        explains=_IDLE | codes("worker-container-missing"),
        reasons={
            "hung": Variant(
                say("Docker hangs on the worker instance: it runs, and does not answer."),
                (
                    _change(
                        say("Restart Docker on the instance; a job that the worker is at starts over."),
                        commands.on_workers("systemctl restart docker"),
                    ),
                    _TERMINATE,
                ),
            ),
            "not-installed": Variant(
                say("Docker is not installed on the worker instance."),
                (
                    _read(say("Read in the boot log why it was not installed."), commands.WORKER_BOOT),
                    _change(say("Then have the group replace the instance."), _REPLACE_ONE),
                ),
            ),
        },
    ),
    _cause(
        "worker-env-stale",
        say("The workers' parameter was changed after the worker started; the worker still runs with the old values."),
        say(
            "The parameter is newer than the container, holds a different queue, bucket, endpoint or key than "
            "the container (compared as digests), and is correct itself."
        ),
        (commands.PARAMETER_AGE, commands.WORKER_MADE),
        _change(
            say("Replace the worker instances; the parameter is read at boot only. Jobs in progress start over."),
            commands.REPLACE_INSTANCES,
        ),
        explains=_IDLE | codes("worker-queue-mismatch", "worker-r2-mismatch", "worker-env-missing"),
    ),
    _cause(
        "worker-env-missing",
        say("The worker runs without the R2 settings it needs."),
        say(
            "R2_ENDPOINT, R2_ACCESS_KEY or R2_SECRET_KEY is absent or blank in the container; without a container, in "
            "the parameter, or there is no parameter that can be read. A job's message that says so counts, too."
        ),
        (commands.WORKER_ENV, commands.WORKER_NAMES, commands.PARAMETER_AGE),
        _take(say("Give the workers' parameter the API's R2 endpoint and keys."), *R2_SETTINGS),
        _REPLACE,
        explains=_IDLE | _CRASHES | codes("worker-container-missing", "worker-r2-mismatch"),
        reasons={
            "api-side": Variant(
                say("The worker runs without the R2 settings it needs, and the API's own are wrong."), (_API_FIRST,)
            ),
            "parameter-unread": Variant(
                say(
                    "The worker runs without the workers' parameter, which is complete: its instance could not read it."
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
                            "Once the role or the key's policy allows it, replace the instances: the parameter is "
                            "read at boot only. Jobs in progress start over."
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
            "AI_SQS_QUEUE_NAME_BASIC in the container (without one, in the parameter) is not the API's; where it is "
            "not set, its default counts. Or its AWS_REGION (AWS_DEFAULT_REGION), or an AWS_ENDPOINT_URL_SQS "
            "(AWS_ENDPOINT_URL) of its own, is not the API's."
        ),
        (commands.WORKER_ENV, commands.WORKER_QUEUE, commands.WORKER_REGION, commands.PARAMETER_AGE),
        _take(say("Give the workers' parameter the API's queue."), QUEUE_SETTING),
        _REPLACE,
        explains=_IDLE | codes("worker-silent") | _CRASHES,
        reasons={
            "api-side": Variant(
                say("The worker polls a different queue than the API's, and there is no queue where the API's is."),
                (
                    _read(
                        say(
                            "Correct the API server's {setting} or AWS_REGION first, and diagnose again; leave the "
                            "workers as they are until then.",
                            setting=QUEUE_SETTING,
                        ),
                        command("<ops> check queue <job>"),
                    ),
                ),
            ),
            "region": Variant(
                say("The worker polls a queue in a different AWS region than the API's."),
                (
                    Remedy(
                        say("Set the workers' parameter to the region of the API."),
                        command("<ops> worker-env --set AWS_REGION=<region> --set AWS_DEFAULT_REGION=<region>"),
                        commands.WORKER_ENV,
                        "change",
                    ),
                    _REPLACE,
                ),
            ),
            "endpoint": Variant(
                say("The worker asks another AWS endpoint for its queue than the API."),
                (
                    Remedy(
                        say(
                            "Take AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_SQS out of the workers' parameter, or correct "
                            "them."
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
        say("The worker uses a different R2 bucket or endpoint than the API, or its own key is refused."),
        say(
            "The bucket or endpoint in force in the container (without one, in the parameter) is not the API's; or R2 "
            "refused the job's file and the worker's R2 settings are not the API's."
        ),
        (commands.WORKER_ENV, commands.WORKER_R2, commands.PARAMETER_AGE),
        _take(say("Give the workers' parameter the API's R2 endpoint and bucket."), "R2_ENDPOINT", "R2_EXCEL_BUCKET"),
        _take(say("Where R2 has refused the worker's own key, give it the API's."), "R2_ACCESS_KEY", "R2_SECRET_KEY"),
        _REPLACE,
        explains=_IDLE | codes("excel-object-missing"),
        reasons={
            "api-side": Variant(
                say("The worker's R2 bucket or endpoint differ from the API's, and the API's are wrong."), (_API_FIRST,)
            ),
        },
    ),
    _cause(
        "worker-out-of-memory",
        say("The worker's container ran out of memory and was killed."),
        say(
            "A container that has stopped was OOMKilled, or ended with exit code 137 and the kernel's log shows a kill "
            "then or can't be read; one that runs has seen such a kill in the last {out_of_memory_minutes} minutes; or "
            "a log of the last {complaint_minutes} minutes or the job's message speaks of signal 9 or of memory that "
            "ran out.",
            **FIGURES,
        ),
        (commands.WORKER_MEMORY, commands.WORKER_STATE),
        _change(say("Split the workbook, or use a larger instance type."), commands.MACHINES),
        explains=_IDLE | _CRASHES,
    ),
    _cause(
        "worker-dependency-missing",
        say("The worker's image lacks a Python package."),
        say(
            "The last lines of a stopped worker, a job that failed in the last {complaint_minutes} minutes, or the "
            "job's own message or lines: No module named, as an exception. A warning that an optional package is "
            "missing does not count.",
            **FIGURES,
        ),
        (commands.WORKER_LOG,),
        _change(say("Build and push the image again; the log names the package."), _READ_LOG),
        _change(say("Then replace the worker instances. Jobs in progress start over."), commands.REPLACE_INSTANCES),
        explains=_IDLE | _CRASHES,
    ),
    _cause(
        "worker-database-down",
        say("The worker can't reach its database, or the database can't work."),
        say(
            "A log of the last {complaint_minutes} minutes, the last lines of a stopped worker, or what the job's "
            "message or its lines in a worker's log say, in the words of the database. A deadlock or a statement "
            "timeout is no such fault; nor is a complaint after which the same worker went on with a job.",
            **FIGURES,
        ),
        (commands.WORKER_LOG,),
        _read(say("Check the database, and DATABASE_URL in the workers' parameter."), _READ_LOG),
        explains=_IDLE | _CRASHES,
        reasons={
            "unreachable": Variant(
                say("The worker gets no connection to its database."),
                (
                    _read(
                        say(
                            "See whether the database runs, and whether its security group lets the workers in; the "
                            "log names the address."
                        ),
                        _READ_LOG,
                    ),
                    _take(
                        say("Where that address is not the API's, correct DATABASE_URL in the workers' parameter."),
                        "DATABASE_URL",
                    ),
                    _REPLACE,
                ),
            ),
            "tls": Variant(
                say("The worker and its database don't agree on TLS."),
                (
                    _read(
                        say(
                            "The log says which: a certificate that nobody trusts needs the database's CA file "
                            "(sslrootcert, ssl_ca) in the worker's image; one that has expired, a new one on the "
                            "database; a server that wants TLS, sslmode=require in DATABASE_URL; one that has none, no "
                            "such demand there."
                        ),
                        _READ_LOG,
                    ),
                    _take(say("Where the API connects, give the workers its DATABASE_URL."), "DATABASE_URL"),
                    _REPLACE,
                ),
            ),
            "full": Variant(
                say("The database has no disk space or no memory left; the worker's own are not meant."),
                (
                    _read(
                        say(
                            "Give the database more storage, or a larger instance; or delete what it does not need. "
                            "Nothing on the workers helps."
                        ),
                        _READ_LOG,
                    ),
                ),
            ),
            "schema": Variant(
                say("The worker's database lacks a table, a column or the database itself."),
                (
                    _read(
                        say(
                            "Run the migrations that the worker's release needs, or deploy the release that fits the "
                            "database; the log names what is missing."
                        ),
                        _READ_LOG,
                    ),
                ),
            ),
            "credentials": Variant(
                say("The database refuses the worker's user or password, or its rights do not suffice."),
                (
                    _take(say("Correct user and password in DATABASE_URL of the workers' parameter."), "DATABASE_URL"),
                    _REPLACE,
                ),
            ),
            "connections": Variant(
                say("The database has no connection left for the worker."),
                (
                    _read(
                        say(
                            "End idle connections or raise the database's limit; fewer workers, or a smaller pool in "
                            "each, need fewer. The log says whose limit was reached."
                        ),
                        _READ_LOG,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "worker-database-mismatch",
        say("The worker's database is not the API's: what it does of the job never gets there."),
        say(
            "A worker's log says SQS_JOB_COMPLETED or AI_JOB_IDEMPOTENT_SKIP of the job, and {young_seconds} seconds "
            "later the API still says PENDING; or it says that the job is unknown. Whether DATABASE_URL is the API's "
            "is compared as a digest.",
            **FIGURES,
        ),
        (commands.JOB, commands.WORKER_LOG, commands.WORKER_NAMES),
        _take(say("Give the workers' parameter the API's DATABASE_URL."), "DATABASE_URL"),
        _REPLACE,
        explains=_IDLE | codes("queue-dead-letters"),
        states=PENDING,
    ),
    _cause(
        "worker-aws-credentials",
        say("The worker has no valid AWS credentials."),
        say(
            "A log of the last {complaint_minutes} minutes, or the last lines of a stopped worker: no credentials, "
            "or AWS refuses them.",
            **FIGURES,
        ),
        (commands.WORKER_LOG, commands.MACHINES),
        _change(
            say("Attach the worker role to the instance profile; the last column names each instance's profile."),
            commands.MACHINES,
        ),
        explains=_IDLE | _CRASHES,
        reasons={
            "hop-limit": Variant(
                say(
                    "The worker's container gets no credentials: the instance's metadata service lets its tokens "
                    "travel one hop only, and the container is the second."
                ),
                (
                    _change(
                        say("Raise the hop limit to 2, here and in the launch template that makes the next instances."),
                        commands.OPEN_METADATA,
                    ),
                    _RESTART,
                ),
            ),
            "metadata-off": Variant(
                say("The worker gets no credentials: the instance's metadata service is switched off."),
                (
                    _change(
                        say("Enable it on this instance, and in the launch template for future instances."),
                        commands.OPEN_METADATA,
                    ),
                    _RESTART,
                ),
            ),
            "static-keys": Variant(
                say("The worker uses AWS keys from its own environment, and AWS refuses them; they outrank its role."),
                (
                    Remedy(
                        say(
                            "Take AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN out of the workers' "
                            "parameter, so that the instance's role counts."
                        ),
                        commands.EDIT_WORKER_ENV,
                        commands.WORKER_ENV,
                        "change",
                    ),
                    _REPLACE,
                ),
            ),
            "clock": Variant(
                say("The worker's clock is wrong, so AWS refuses its signatures."),
                (
                    _change(
                        say("Set the instance's clock by its time server."),
                        commands.SET_CLOCK,
                    ),
                    _read(say("See on the instance whether its time is right now."), commands.WORKER_CLOCK),
                ),
            ),
            "no-role": Variant(
                say("The worker's instance has no instance profile, and so no role."),
                (
                    _read(
                        say("Find the profile with the worker's role, and name it in the group's launch template."),
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
        say("The worker is not allowed to receive from the queue."),
        say(
            "A log of the last {complaint_minutes} minutes, or the last lines of a stopped worker: access to SQS "
            "denied.",
            **FIGURES,
        ),
        (commands.WORKER_LOG, commands.MACHINES),
        _change(
            say("Allow sqs:ReceiveMessage, DeleteMessage and ChangeMessageVisibility in the worker's role."),
            commands.MACHINES,
        ),
        explains=_IDLE | _CRASHES,
        reasons={
            "identity-policy": Variant(
                say("The worker's role does not allow what the queue needs."),
                (
                    _read(
                        say(
                            "Allow the action that the log names in the worker's role; a deny there, or a permissions "
                            "boundary without it, outweighs. The last column names each instance's profile."
                        ),
                        commands.MACHINES,
                    ),
                ),
            ),
            "queue-policy": Variant(
                say("The queue's own policy refuses the worker."),
                (
                    _change(
                        say("Take the deny out of the queue's policy, or allow the worker's role there."),
                        commands.EDIT_QUEUE_POLICY,
                    ),
                ),
            ),
            "key-policy": Variant(
                say("The worker may not use the KMS key that encrypts the queue."),
                (
                    _change(
                        say("Allow kms:Decrypt for the worker's role in the key's policy."), commands.EDIT_KEY_POLICY
                    ),
                ),
            ),
            "key-disabled": Variant(
                say("The KMS key that encrypts the queue is disabled, or about to be deleted."),
                (
                    _change(say("Enable the key."), commands.ENABLE_KEY),
                    _change(say("Keep the key from being deleted, and enable it."), commands.KEEP_KEY),
                    _read(say("See in what state the key is."), commands.QUEUE_KEY),
                ),
            ),
            "key-missing": Variant(
                say("The KMS key that encrypts the queue does not exist."),
                (
                    _change(
                        say(
                            "Take the key off the queue. What was encrypted with it is lost: upload those files again."
                        ),
                        commands.NO_QUEUE_KEY,
                    ),
                ),
            ),
            "endpoint-policy": Variant(
                say("The policy of the VPC endpoint on the worker's way to AWS refuses it."),
                (
                    _read(say("See what the endpoint's policy allows."), commands.ENDPOINT_POLICIES),
                    _change(
                        say("Give the endpoint AWS's default policy, which allows all that the roles' policies do."),
                        commands.RESET_ENDPOINT_POLICY,
                    ),
                ),
            ),
            "organization": Variant(
                say("A policy of the AWS organization refuses the worker; nothing in this account can allow it."),
                (
                    _read(
                        say(
                            "Ask the organization's administrators; this names their account. The log names the action."
                        ),
                        commands.ORGANIZATION,
                    ),
                ),
            ),
        },
    ),
    _cause(
        "worker-container-missing",
        say("The instance is up, but there is no worker container on it."),
        say(
            "Docker runs on an instance older than {boot_minutes} minutes and knows no container of the worker's name.",
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
            "Docker says restarting, or has restarted it {crash_loop_restarts} times or more and the last time less "
            "than {crash_loop_minutes} minutes ago.",
            **FIGURES,
        ),
        (commands.WORKER_STATE, commands.WORKER_LOG),
        _read(say("Read the last log lines for the reason."), _READ_LOG),
        explains=_IDLE | codes("worker-container-exited"),
        reasons=_NO_SQS,
    ),
    _cause(
        "worker-container-exited",
        say("The worker's container has stopped."),
        say("The container exists, but is neither running nor restarting."),
        (commands.WORKER_STATE, commands.WORKER_ERROR, commands.WORKER_LOG),
        _read(say("Read why it stopped."), _READ_LOG),
        _change(say("Start the container again."), commands.on_workers("docker start <worker_container>")),
        reasons={
            **_NO_SQS,
            "start-failed": Variant(
                say("Docker could not start the worker's container."),
                (
                    _read(
                        say("Docker says why; until that is put right, another start fails as well."),
                        commands.WORKER_ERROR,
                    ),
                    _change(
                        say(
                            "Where the image or its command is wrong, correct it in the launch template's user data, "
                            "then replace the worker instances. Jobs in progress start over."
                        ),
                        commands.REPLACE_INSTANCES,
                    ),
                ),
            ),
            "paused": Variant(
                say("The worker's container is paused: its processes are frozen."),
                (_change(say("Let it go on."), commands.on_workers("docker unpause <worker_container>")),),
            ),
            "dead": Variant(
                say("Docker has failed to remove the worker's container; it can't be started any more."),
                (_change(say("Terminate the instance; the Auto Scaling group launches a new one."), _REPLACE_ONE),),
            ),
        },
    ),
    _warning(
        "worker-container-unhealthy",
        say("The worker's container runs, but its health check fails."),
        say("Docker says unhealthy. It proves nothing of the work by itself."),
        (commands.WORKER_HEALTH, commands.WORKER_LOG),
        _read(say("See what the check says, and whether messages and job make progress nevertheless."), _READ_LOG),
    ),
    _warning(
        "worker-images-differ",
        say("Not all workers run the same image."),
        say(
            "The digests of the workers' images differ, or an instance in service was made by an earlier version of "
            "the launch template and no deployment is known. During a deployment that is normal."
        ),
        (commands.WORKER_IMAGE, commands.TEMPLATE),
        _REPLACE_FORMER,
        reasons={
            "template": Variant(
                say("A worker was made by an earlier version of the launch template than the group has now."),
                (_REPLACE_FORMER,),
            ),
        },
    ),
    _warning(
        "worker-silent",
        say("The worker's log is empty; some releases log nothing at INFO."),
        say("The container has logged no line while work waits. It proves nothing by itself."),
        (commands.WORKER_STATE, commands.WORKER_LOG),
        Remedy(
            say("See whether messages and job make progress nevertheless."),
            command("<ops> check queue <job>"),
            command("<ops> diagnose <job>"),
        ),
    ),
)
