"""What a remedy's line of shell does to an instance of the lab, where the catalogue prints it; nothing is run."""

import re
from typing import Any, Final

from academy_ops.outside.host_scripts import CONTAINER_NAME, UNIT_NAME

_ROOM: Final = {"disk_percent": 31, "inodes_percent": 4}
_RUNS: Final = {"container": "running"}
_START: Final = f"docker start {CONTAINER_NAME.pattern}"
_EFFECTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (_START, _RUNS),
    (f"docker (unpause|restart) {CONTAINER_NAME.pattern}", _RUNS),
    (f"systemctl reset-failed {UNIT_NAME.pattern}; systemctl start {UNIT_NAME.pattern}", _RUNS),
    (f"journalctl --vacuum-size=50M; {_START}", _ROOM | _RUNS),
    ("docker image prune -af", _ROOM),
    ("systemctl start docker", {"docker": True}),
    ("systemctl restart docker", {"docker": True, "answers": True}),
    ("systemctl restart chronyd && chronyc waitsync 6", {"clock": True}),
)


def effect(script: str) -> dict[str, Any] | None:
    """Return the fields of an instance's condition that a remedy changes, and ``clock`` where it sets that."""
    return next((dict(fields) for form, fields in _EFFECTS if re.fullmatch(form, script)), None)
