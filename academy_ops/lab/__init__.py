"""The bundled academy on one machine: AWS, R2, nginx, API and workers, over real protocols on loopback.

`academy_ops.lab.operate` holds what a command calls; everything else runs inside the lab's supervisor.
"""

from academy_ops.messages import UserError


class LabError(UserError):
    """The lab can't do what was asked."""
