"""What the user data of an instance has written when it stopped, for each reason; in the words of the real programs."""

from typing import Final

from academy_ops.contract import WORKER_NAME
from academy_ops.lab.user_data import FAILED_USER_DATA

_REGISTRY: Final = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com"
_IMAGE: Final = f"{_REGISTRY}/academy-ai-worker"
_STOPPED: Final = "ERROR: ECR login/pull failed"
_NOT_RUN: Final = "ERROR: docker run failed"

USER_DATA: Final = {
    "image-pull": (
        (
            f'Error response from daemon: Head "https://{_REGISTRY}/v2/academy-ai-worker/manifests/latest": '
            "no basic auth credentials"
        ),
        _STOPPED,
    ),
    "image-missing": (
        (
            f"Error response from daemon: manifest for {_IMAGE}@sha256:00 not found: manifest unknown: "
            "Requested image not found"
        ),
        _STOPPED,
    ),
    "rate-limit": (
        "Error response from daemon: toomanyrequests: You have reached your pull rate limit.",
        _STOPPED,
    ),
    "network": (
        (
            f'Error response from daemon: Get "https://{_REGISTRY}/v2/": net/http: request canceled while waiting for '
            "connection (Client.Timeout exceeded while awaiting headers)"
        ),
        _STOPPED,
    ),
    "memory": (
        "/var/lib/cloud/instance/scripts/part-001: line 4:  2117 Killed                  dnf install -y docker",
        "/var/lib/cloud/instance/scripts/part-001: line 14: docker: command not found",
        _STOPPED,
    ),
    "clock": (
        (
            "An error occurred (InvalidSignatureException) when calling the GetAuthorizationToken operation: Signature "
            "expired: 20260830T010203Z is now earlier than 20260830T035803Z (20260830T040303Z - 5 min.)"
        ),
        "Error: Cannot perform an interactive login from a non TTY device",
        f'Error response from daemon: Head "https://{_REGISTRY}/v2/w/manifests/latest": no basic auth credentials',
        _STOPPED,
    ),
    "docker-run": (
        f'docker: Error response from daemon: Conflict. The container name "/{WORKER_NAME}" is already in use.',
        _NOT_RUN,
    ),
    "log-driver": (
        (
            "docker: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log "
            "stream: AccessDeniedException."
        ),
        _NOT_RUN,
    ),
    "packages": (
        "Error: Unable to find a match: docker",
        "/var/lib/cloud/instance/scripts/part-001: line 14: docker: command not found",
        _STOPPED,
    ),
    "docker-daemon": (
        'error during connect: Post "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/images/create?tag=latest": EOF',
        _STOPPED,
    ),
    "disk": ("failed to register layer: write /usr/lib/libtorch.so: no space left on device", _STOPPED),
    "architecture": ("no matching manifest for linux/arm64/v8 in the manifest list entries", _STOPPED),
    "metadata": ("ERROR: IMDSv2 instance id unavailable",),
    "parameter": (
        (
            "An error occurred (AccessDeniedException) when calling the GetParameter operation: User: "
            "arn:aws:sts::123456789012:assumed-role/worker/i-0 is not authorized to perform: ssm:GetParameter"
        ),
        FAILED_USER_DATA,
    ),
    "script": ("/var/lib/cloud/instance/scripts/part-001: line 31: IMAGE: unbound variable", FAILED_USER_DATA),
}
