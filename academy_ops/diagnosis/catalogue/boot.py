"""Section 3-4: an instance whose boot made no worker."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import codes, variant
from academy_ops.diagnosis.catalogue.inside_workers import IDLE, READ_PARAMETER, REPLACE_ONE, ROWS, TERMINATE_NOW
from academy_ops.diagnosis.command import command
from academy_ops.messages import say
from academy_ops.thresholds import FIGURES

_read, _change = ROWS.read, ROWS.change
_REPLACE: Final = _change(
    say(
        "After fixing it, terminate the instance; the Auto Scaling group launches a new one. "
        "User data runs only on first boot."
    ),
    REPLACE_ONE,
)
_READ_LOG: Final = _read(say("Read the end of the instance's boot log."), commands.WORKER_BOOT)
_SEE_TEMPLATE: Final = _read(
    say("Check which launch template the Auto Scaling group uses; the image is named in its user data."),
    commands.TEMPLATE,
)

LOG_DRIVER: Final = (
    _read(
        say(
            "Check the role of the instance profile in the last column: it needs logs:CreateLogStream and "
            "logs:PutLogEvents."
        ),
        commands.MACHINES,
    ),
    _read(
        say("Check that the log group exists in the region that the container's log options name."), commands.LOG_GROUPS
    ),
)
OTHER_PROCESSOR: Final = variant(
    say("The worker image is built for a different processor architecture than the instance's."),
    _read(say("Check the instance type, in the second-to-last column."), commands.MACHINES),
    _change(
        say(
            "Build the image for that architecture, or choose another instance type in the launch "
            "template; then replace the worker instances. Jobs in progress start over."
        ),
        commands.REPLACE_INSTANCES,
    ),
)

BOOT: Final = (
    ROWS.cause(
        "worker-boot-failed",
        say("The instance's user data failed before it created the worker container."),
        say(
            "There is no container, cloud-init has finished or the instance is older than "
            "{boot_minutes} minutes, and the end of the user data log or the cloud-init log shows "
            "why; or cloud-init is still running after {boot_endless_minutes} minutes.",
            **FIGURES,
        ),
        (commands.WORKER_BOOT, commands.CONSOLE),
        _READ_LOG,
        _REPLACE,
        explains=IDLE | codes("worker-docker-down", "worker-container-missing"),
        reasons={
            "image-pull": variant(
                say("The instance has no permission to pull the worker image, or could not log in to the registry."),
                _read(
                    say(
                        "The role of the instance profile in the last column needs ecr:GetAuthorizationToken, "
                        "ecr:BatchGetImage and ecr:GetDownloadUrlForLayer (policy AmazonEC2ContainerRegistryReadOnly). "
                        "If the repository is in another account, its repository policy must allow them too."
                    ),
                    commands.MACHINES,
                ),
                _REPLACE,
            ),
            "image-missing": variant(
                say("The image named in the user data is not in the registry."),
                _read(say("List the repositories; the boot log names the missing image."), commands.REPOSITORIES),
                _SEE_TEMPLATE,
                _change(
                    say(
                        "Push the image again, or point a new version of the launch template to an existing "
                        "image. Then terminate the instance; the Auto Scaling group launches a new one."
                    ),
                    REPLACE_ONE,
                ),
            ),
            "rate-limit": variant(
                say("The registry refused to serve the image: pull rate limit exceeded."),
                _change(
                    say("Wait a few minutes, then terminate the instance; the Auto Scaling group launches a new one."),
                    REPLACE_ONE,
                ),
                _change(
                    say("To avoid this in the future, keep the image in your own registry, such as ECR."),
                    commands.REPOSITORIES,
                ),
            ),
            "docker-run": variant(
                say("The image was pulled, but docker run failed to create the worker container."),
                _READ_LOG,
                _change(
                    say(
                        "Correct the docker run arguments in a new version of the launch template, then replace "
                        "the worker instances. Jobs in progress start over."
                    ),
                    commands.REPLACE_INSTANCES,
                ),
            ),
            "log-driver": variant(
                say("Docker could not create the worker container: its log driver can't write to CloudWatch Logs."),
                *LOG_DRIVER,
                _REPLACE,
            ),
            "clock": variant(
                say("The instance's clock was wrong during boot, so AWS rejected its requests."),
                _read(
                    say(
                        "Check the instance's time and where it gets it from; it should be the Amazon Time Sync "
                        "Service, 169.254.169.123."
                    ),
                    commands.WORKER_TIME,
                ),
                _REPLACE,
            ),
            "memory": variant(
                say("The instance ran out of memory during boot."),
                _read(say("Check the instance type, in the second-to-last column."), commands.MACHINES),
                _change(
                    say(
                        "Choose a larger instance type in a new version of the launch template, then replace the "
                        "worker instances. Jobs in progress start over."
                    ),
                    commands.REPLACE_INSTANCES,
                ),
            ),
            "packages": variant(
                say("The instance could not install Docker or another program it needs."),
                _READ_LOG,
                _read(
                    say("Check that its subnet can reach the package repositories, through NAT or an S3 endpoint."),
                    commands.ENDPOINTS,
                ),
                _REPLACE,
            ),
            "docker-daemon": variant(
                say("The Docker daemon was not running during boot, or it stopped."),
                _read(
                    say("Check the daemon's log for the reason: its options, storage, memory or containerd."),
                    commands.WORKER_DOCKER,
                ),
                _REPLACE,
            ),
            "network": variant(
                say("The instance could not connect to what it needs during boot."),
                _read(
                    say(
                        "Check that its subnet has a route through NAT or endpoints for ecr.api, ecr.dkr, s3, "
                        "ssm and logs, and that its security group allows outbound traffic on port 443."
                    ),
                    commands.ENDPOINTS,
                ),
                _REPLACE,
            ),
            "disk": variant(
                say("The instance's disk was full during boot."),
                _read(say("Check how large the disk is and what is using the space."), commands.WORKER_DISK),
                _change(
                    say(
                        "Increase the volume size in a new version of the launch template, then replace the "
                        "worker instances. Jobs in progress start over."
                    ),
                    commands.REPLACE_INSTANCES,
                ),
            ),
            "architecture": OTHER_PROCESSOR,
            "metadata": variant(
                say("The instance metadata service did not respond during boot."),
                _change(
                    say("Enable it on this instance, and in the launch template for future instances."),
                    commands.OPEN_METADATA,
                ),
                _REPLACE,
            ),
            "parameter": variant(
                say("The instance could not read or use the workers' parameter during boot."),
                READ_PARAMETER,
                _change(
                    say("If the boot log says that its content is malformed, correct it."),
                    command("<ops> worker-env --edit"),
                ),
                _REPLACE,
            ),
            "script": variant(
                say("The instance's user data is not a script that can run to completion."),
                _READ_LOG,
                _change(
                    say(
                        "Correct the user data in a new version of the launch template, then replace the worker "
                        "instances. Jobs in progress start over."
                    ),
                    commands.REPLACE_INSTANCES,
                ),
            ),
            "endless": variant(say("The instance's user data never finishes."), _READ_LOG, TERMINATE_NOW),
        },
    ),
)
