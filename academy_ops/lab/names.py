"""The fixed names of the lab's academy; the same as the production defaults where production has one."""

from __future__ import annotations

from typing import Final

from academy_ops.academy.contract import DLQ_SUFFIX

ACCOUNT: Final = "123456789012"
"""The account that AWS's own documentation uses for examples."""
REGION: Final = "ap-northeast-2"
QUEUE: Final = "academy-ai-jobs-basic"
DEAD_LETTER_QUEUE: Final = QUEUE + DLQ_SUFFIX
GROUP: Final = "academy-ai-worker-asg"
WORKER: Final = "academy-ai-worker-cpu"
PARAMETER: Final = "/academy/workers/env"
FUNCTION: Final = "academy-worker-autoscale"
RULE: Final = "academy-worker-autoscale-every-minute"
BUCKET: Final = "academy-excel"
TENANT: Final = "lab"

MIN_SIZE: Final = 0
MAX_SIZE: Final = 20
DESIRED: Final = 1
