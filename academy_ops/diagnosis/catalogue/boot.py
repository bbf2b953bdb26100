"""Section 3-4: an instance whose boot made no worker."""

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import codes, variant
from academy_ops.diagnosis.catalogue.inside_workers import IDLE, READ_PARAMETER, REPLACE_ONE, ROWS, TERMINATE_NOW
from academy_ops.diagnosis.command import command

_read, _change = ROWS.read, ROWS.change
_REPLACE: Final = _change(
    "After fixing it, terminate the instance; the Auto Scaling group launches a new one. "
    "User data runs only on first boot.",
    REPLACE_ONE,
)
_READ_LOG: Final = _read("Read the end of the instance's boot log.", commands.WORKER_BOOT)
_SEE_TEMPLATE: Final = _read(
    "Check which launch template the Auto Scaling group uses; the image is named in its user data.", commands.TEMPLATE
)

LOG_DRIVER: Final = (
    _read(
        "Check the role of the instance profile in the last column: it needs logs:CreateLogStream and "
        "logs:PutLogEvents.",
        commands.MACHINES,
    ),
    _read("Check that the log group exists in the region that the container's log options name.", commands.LOG_GROUPS),
)
OTHER_PROCESSOR: Final = variant(
    "The worker image is built for a different processor architecture than the instance's.",
    _read("Check the instance type, in the second-to-last column.", commands.MACHINES),
    _change(
        "Build the image for that architecture, or choose another instance type in the launch "
        "template; then replace the worker instances. Jobs in progress start over.",
        commands.REPLACE_INSTANCES,
    ),
)

BOOT: Final = (
    ROWS.cause(
        "worker-boot-failed",
        "The instance's user data failed before it created the worker container.",
        "There is no container, cloud-init has finished or the instance is older than "
        "{boot_minutes} minutes, and the end of the user data log or the cloud-init log shows "
        "why; or cloud-init is still running after {boot_endless_minutes} minutes.",
        (commands.WORKER_BOOT, commands.CONSOLE),
        _READ_LOG,
        _REPLACE,
        explains=IDLE | codes("worker-docker-down", "worker-container-missing"),
        reasons={
            "image-pull": variant(
                "The instance has no permission to pull the worker image, or could not log in to the registry.",
                _read(
                    "The role of the instance profile in the last column needs ecr:GetAuthorizationToken, "
                    "ecr:BatchGetImage and ecr:GetDownloadUrlForLayer (policy AmazonEC2ContainerRegistryReadOnly). "
                    "If the repository is in another account, its repository policy must allow them too.",
                    commands.MACHINES,
                ),
                _REPLACE,
            ),
            "image-missing": variant(
                "The image named in the user data is not in the registry.",
                _read("List the repositories; the boot log names the missing image.", commands.REPOSITORIES),
                _SEE_TEMPLATE,
                _change(
                    "Push the image again, or point a new version of the launch template to an existing "
                    "image. Then terminate the instance; the Auto Scaling group launches a new one.",
                    REPLACE_ONE,
                ),
            ),
            "rate-limit": variant(
                "The registry refused to serve the image: pull rate limit exceeded.",
                _change(
                    "Wait a few minutes, then terminate the instance; the Auto Scaling group launches a new one.",
                    REPLACE_ONE,
                ),
                _change(
                    "To avoid this in the future, keep the image in your own registry, such as ECR.",
                    commands.REPOSITORIES,
                ),
            ),
            "docker-run": variant(
                "The image was pulled, but docker run failed to create the worker container.",
                _READ_LOG,
                _change(
                    "Correct the docker run arguments in a new version of the launch template, then replace "
                    "the worker instances. Jobs in progress start over.",
                    commands.REPLACE_INSTANCES,
                ),
            ),
            "log-driver": variant(
                "Docker could not create the worker container: its log driver can't write to CloudWatch Logs.",
                *LOG_DRIVER,
                _REPLACE,
            ),
            "clock": variant(
                "The instance's clock was wrong during boot, so AWS rejected its requests.",
                _read(
                    "Check the instance's time and where it gets it from; it should be the Amazon Time Sync "
                    "Service, 169.254.169.123.",
                    commands.WORKER_TIME,
                ),
                _REPLACE,
            ),
            "memory": variant(
                "The instance ran out of memory during boot.",
                _read("Check the instance type, in the second-to-last column.", commands.MACHINES),
                _change(
                    "Choose a larger instance type in a new version of the launch template, then replace the "
                    "worker instances. Jobs in progress start over.",
                    commands.REPLACE_INSTANCES,
                ),
            ),
            "packages": variant(
                "The instance could not install Docker or another program it needs.",
                _READ_LOG,
                _read(
                    "Check that its subnet can reach the package repositories, through NAT or an S3 endpoint.",
                    commands.ENDPOINTS,
                ),
                _REPLACE,
            ),
            "docker-daemon": variant(
                "The Docker daemon was not running during boot, or it stopped.",
                _read(
                    "Check the daemon's log for the reason: its options, storage, memory or containerd.",
                    commands.WORKER_DOCKER,
                ),
                _REPLACE,
            ),
            "network": variant(
                "The instance could not connect to what it needs during boot.",
                _read(
                    "Check that its subnet has a route through NAT or endpoints for ecr.api, ecr.dkr, s3, "
                    "ssm and logs, and that its security group allows outbound traffic on port 443.",
                    commands.ENDPOINTS,
                ),
                _REPLACE,
            ),
            "disk": variant(
                "The instance's disk was full during boot.",
                _read("Check how large the disk is and what is using the space.", commands.WORKER_DISK),
                _change(
                    "Increase the volume size in a new version of the launch template, then replace the "
                    "worker instances. Jobs in progress start over.",
                    commands.REPLACE_INSTANCES,
                ),
            ),
            "architecture": OTHER_PROCESSOR,
            "metadata": variant(
                "The instance metadata service did not respond during boot.",
                _change(
                    "Enable it on this instance, and in the launch template for future instances.",
                    commands.OPEN_METADATA,
                ),
                _REPLACE,
            ),
            "parameter": variant(
                "The instance could not read or use the workers' parameter during boot.",
                READ_PARAMETER,
                _change(
                    "If the boot log says that its content is malformed, correct it.",
                    command("<ops> worker-env --edit"),
                ),
                _REPLACE,
            ),
            "script": variant(
                "The instance's user data is not a script that can run to completion.",
                _READ_LOG,
                _change(
                    "Correct the user data in a new version of the launch template, then replace the worker "
                    "instances. Jobs in progress start over.",
                    commands.REPLACE_INSTANCES,
                ),
            ),
            "endless": variant("The instance's user data never finishes.", _READ_LOG, TERMINATE_NOW),
        },
    ),
)
