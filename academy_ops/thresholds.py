"""Every number of seconds, percent and times that a judgement uses; the texts that quote one take it from here.

`FIGURES` are the same numbers as a text quotes them: the catalogue, the manual and both runbooks are filled from it.
"""

from collections.abc import Mapping
from typing import Final

from academy_ops import contract

# How long a job, a message or an instance may take before that is a fault
YOUNG_SECONDS: Final = 30
"""A younger job is in progress, whatever else is seen, unless a hard fault is."""
LOST_SECONDS: Final = 60
"""A PENDING job without any message is lost from this age on."""
WAITED_SECONDS: Final = 120
"""A message that nobody has taken, or a worker that has logged nothing of a job, for so long."""
STALLED_SECONDS: Final = 600
"""A running job that has not been updated for so long."""
SECOND_LOOK_SECONDS: Final = 3
"""Until the second look, where an age is unknown and would decide."""
CLOCK_WRONG_SECONDS: Final = 30
"""By so much this machine's clock may differ from the servers' before that is said."""
CLOCK_TOLERANCE_SECONDS: Final = 60
"""A time this far ahead is taken for now; one further ahead is not believed."""

# Workers
BOOT_SECONDS: Final = 600
"""An instance polls the queue by then; usually after `USUAL_BOOT_MINUTES`."""
USUAL_BOOT_MINUTES: Final = (2, 5)
BOOT_ENDLESS_SECONDS: Final = 1800
"""A boot whose user data still runs after that will not end by itself."""
AUTOSCALER_SECONDS: Final = 120
"""An autoscaler that runs has set the desired capacity by then."""
AUTOSCALER_PERIOD_SECONDS: Final = 300
"""An autoscaler that is run less often comes too late for who waits."""
REFRESH_HEALTHY_PERCENT: Final = 90
"""An instance refresh keeps so many of a group's instances in service."""
LAUNCH_RECORDED_SECONDS: Final = 180
"""A group that was asked for an instance has recorded its launch by then."""
LAUNCH_LOOP_LAUNCHES: Final = 3
LAUNCH_LOOP_SECONDS: Final = 1800
"""So many launches within this time that are gone again are a loop."""

# The queue's attributes
FEWEST_RECEIVES: Final = contract.MAX_RECEIVES
SHORTEST_VISIBILITY_SECONDS: Final = 300
SHORTEST_RETENTION_SECONDS: Final = 86_400

# Inside a worker
DISK_FULL_PERCENT: Final = 98
DISK_NEARLY_FULL_PERCENT: Final = 90
"""Full enough to be the reason why a container does not run."""
CRASH_LOOP_RESTARTS: Final = 3
CRASH_LOOP_SECONDS: Final = 300
"""So many restarts, the last one within this time, are a loop."""
STEADY_SECONDS: Final = 30
"""A container that was restarted less long ago may end again for the same reason."""
COMPLAINT_SECONDS: Final = 900
"""For how long an error in the log of a running worker counts."""
POLL_COMPLAINT_SECONDS: Final = 120
"""The same for an error that comes again at each poll of the queue."""
TRACEBACK_SECONDS: Final = 2
"""What is logged so shortly after a job's failure, without naming a job, is its traceback."""
KILL_SECONDS: Final = 60
"""A process that ends so shortly after one of the kernel's kills was killed by it."""
OUT_OF_MEMORY_MINUTES: Final = 10
"""For how long the probe asks Docker for the kernel's kills."""


def minutes(seconds: int) -> int | float:
    """Return seconds as minutes, as a text quotes them."""
    return seconds // 60 if seconds % 60 == 0 else seconds / 60


FIGURES: Final[Mapping[str, int | float]] = {
    "young_seconds": YOUNG_SECONDS,
    "lost_seconds": LOST_SECONDS,
    "clock_wrong_seconds": CLOCK_WRONG_SECONDS,
    "waited_minutes": minutes(WAITED_SECONDS),
    "stalled_minutes": minutes(STALLED_SECONDS),
    "second_look_seconds": SECOND_LOOK_SECONDS,
    "boot_minutes": minutes(BOOT_SECONDS),
    "boot_endless_minutes": minutes(BOOT_ENDLESS_SECONDS),
    "usual_boot_from": USUAL_BOOT_MINUTES[0],
    "usual_boot_to": USUAL_BOOT_MINUTES[1],
    "autoscaler_minutes": minutes(AUTOSCALER_SECONDS),
    "autoscaler_period_minutes": minutes(AUTOSCALER_PERIOD_SECONDS),
    "launch_loop_launches": LAUNCH_LOOP_LAUNCHES,
    "launch_loop_minutes": minutes(LAUNCH_LOOP_SECONDS),
    "disk_full_percent": DISK_FULL_PERCENT,
    "disk_nearly_full_percent": DISK_NEARLY_FULL_PERCENT,
    "crash_loop_restarts": CRASH_LOOP_RESTARTS,
    "crash_loop_minutes": minutes(CRASH_LOOP_SECONDS),
    "complaint_minutes": minutes(COMPLAINT_SECONDS),
    "out_of_memory_minutes": OUT_OF_MEMORY_MINUTES,
    "jobs_per_worker": contract.JOBS_PER_WORKER,
    "fewest_receives": FEWEST_RECEIVES,
    "shortest_visibility_minutes": minutes(SHORTEST_VISIBILITY_SECONDS),
    "shortest_retention_hours": SHORTEST_RETENTION_SECONDS // 3600,
    "receives": contract.MAX_RECEIVES,
    "visibility_minutes": minutes(int(contract.QUEUE_ATTRIBUTES["VisibilityTimeout"])),
}
