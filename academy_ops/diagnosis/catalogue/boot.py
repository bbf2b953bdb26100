"""Section 3-4: an instance whose boot made no worker."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import WAITING, Rows, Variant, codes
from academy_ops.diagnosis.command import command
from academy_ops.messages import say
from academy_ops.thresholds import FIGURES

_IDLE: Final = codes("queue-not-consumed", "message-stuck", "job-stalled", "message-lost")
_ROWS: Final = Rows("3-4", command("<ops> check logs <job>"), WAITING, _IDLE)
_read, _change = _ROWS.read, _ROWS.change
_REPLACE: Final = _change(
    say("Once that is put right, have the group replace the instance: user data runs at the first boot only."),
    commands.terminate("instance"),
)
_READ_LOG: Final = _read(say("Read the end of the instance's boot log."), commands.WORKER_BOOT)
_SEE_TEMPLATE: Final = _read(
    say("See which launch template the group uses; its user data names the image."), commands.TEMPLATE
)

BOOT: Final = (
    _ROWS.cause(
        "worker-boot-failed",
        say("The instance's user data has failed before it made a worker."),
        say(
            "No container is there, cloud-init has ended or the instance is older than {boot_minutes} minutes, and the "
            "last that the user data's log or cloud-init's says is why; or cloud-init still runs after "
            "{boot_endless_minutes} minutes.",
            **FIGURES,
        ),
        (commands.WORKER_BOOT, commands.CONSOLE),
        _READ_LOG,
        _REPLACE,
        explains=_IDLE | codes("worker-docker-down", "worker-container-missing"),
        reasons={
            "image-pull": Variant(
                say("The instance may not pull the worker's image, or could not log in to its registry."),
                (
                    _read(
                        say(
                            "The role behind the profile in the last column needs ecr:GetAuthorizationToken, "
                            "ecr:BatchGetImage and ecr:GetDownloadUrlForLayer: the policy "
                            "AmazonEC2ContainerRegistryReadOnly. In another account the repository's own policy has to "
                            "allow it, too."
                        ),
                        commands.MACHINES,
                    ),
                    _REPLACE,
                ),
            ),
            "image-missing": Variant(
                say("The image that the user data names is not in the registry."),
                (
                    _read(say("See which repositories there are; the boot log names the one."), commands.REPOSITORIES),
                    _SEE_TEMPLATE,
                    _change(
                        say(
                            "Push the image again, or name one that is there in a new version of the launch template; "
                            "then have the group replace the instance."
                        ),
                        commands.terminate("instance"),
                    ),
                ),
            ),
            "rate-limit": Variant(
                say("The registry has refused the image: too many pulls."),
                (
                    _change(
                        say("Wait some minutes, then have the group replace the instance."),
                        commands.terminate("instance"),
                    ),
                    _read(
                        say("So that it does not come again, keep the image in a registry of your own, as ECR is."),
                        commands.REPOSITORIES,
                    ),
                ),
            ),
            "docker-run": Variant(
                say("The image was there, and docker run refused to make the worker's container."),
                (
                    _READ_LOG,
                    _change(
                        say(
                            "Correct the arguments of docker run in a new version of the launch template, then replace "
                            "the worker instances. Jobs in progress start over."
                        ),
                        commands.REPLACE_INSTANCES,
                    ),
                ),
            ),
            "packages": Variant(
                say("The instance could not install or start Docker, or another program that its user data needs."),
                (
                    _READ_LOG,
                    _read(
                        say("See whether its subnet has NAT, or an S3 endpoint, for the package repositories."),
                        commands.ENDPOINTS,
                    ),
                    _REPLACE,
                ),
            ),
            "network": Variant(
                say("While it booted, the instance got no connection to what it needs."),
                (
                    _read(
                        say(
                            "See whether its subnet has a route through NAT, or endpoints for ecr.api, ecr.dkr, s3, "
                            "ssm and logs; and whether its security group lets it out on port 443."
                        ),
                        commands.ENDPOINTS,
                    ),
                    _REPLACE,
                ),
            ),
            "disk": Variant(
                say("While it booted, the instance's disk was full."),
                (
                    _read(say("See how large its disk is, and what fills it."), commands.WORKER_DISK),
                    _change(
                        say(
                            "Give the volume more space in a new version of the launch template, then replace the "
                            "worker instances. Jobs in progress start over."
                        ),
                        commands.REPLACE_INSTANCES,
                    ),
                ),
            ),
            "architecture": Variant(
                say("The worker's image is made for another processor than the instance has."),
                (
                    _read(say("See what the instance is; the last column but one is its type."), commands.MACHINES),
                    _change(
                        say(
                            "Build the image for that processor, or choose another instance type in the launch "
                            "template; then replace the worker instances. Jobs in progress start over."
                        ),
                        commands.REPLACE_INSTANCES,
                    ),
                ),
            ),
            "metadata": Variant(
                say("While it booted, the instance's metadata service did not answer."),
                (
                    _change(
                        say("Switch it on, here and in the launch template that makes the next instances."),
                        commands.OPEN_METADATA,
                    ),
                    _REPLACE,
                ),
            ),
            "parameter": Variant(
                say("The instance could not read the workers' parameter while it booted."),
                (
                    _read(
                        say(
                            "See on the instance why: its role needs ssm:GetParameter on the parameter, and "
                            "kms:Decrypt on the key that encrypts it."
                        ),
                        commands.PARAMETER_THERE,
                    ),
                    _REPLACE,
                ),
            ),
            "script": Variant(
                say("The instance's user data is no script that runs to its end."),
                (
                    _READ_LOG,
                    _change(
                        say(
                            "Correct the user data in a new version of the launch template, then replace the worker "
                            "instances. Jobs in progress start over."
                        ),
                        commands.REPLACE_INSTANCES,
                    ),
                ),
            ),
            "endless": Variant(
                say("The instance's user data does not come to its end."),
                (
                    _READ_LOG,
                    _change(say("Have the group replace the instance."), commands.terminate("instance")),
                ),
            ),
        },
    ),
)
