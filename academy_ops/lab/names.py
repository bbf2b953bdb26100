"""The fixed names of the lab's academy; the same as the production defaults where production has one."""

from __future__ import annotations

from typing import Final

from academy_ops import contract

ACCOUNT: Final = "123456789012"
"""The account that AWS's own documentation uses for examples."""
REGION: Final = contract.REGION
QUEUE: Final = contract.QUEUE_NAME
DEAD_LETTER_QUEUE: Final = QUEUE + contract.DLQ_SUFFIX
GROUP: Final = contract.GROUP_NAME
WORKER: Final = contract.WORKER_NAME
PARAMETER: Final = contract.WORKER_ENV_PARAMETER
FUNCTION: Final = contract.AUTOSCALER_NAME
RULE: Final = "academy-worker-autoscale-every-minute"
BUCKET: Final = contract.BUCKET_NAME
TENANT: Final = "lab"

MIN_SIZE: Final = 0
MAX_SIZE: Final = 20
DESIRED: Final = 1
