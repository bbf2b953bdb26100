"""``make runbooks``: write the thresholds in force into both runbooks."""

from academy_ops.report.runbook import updated
from tests.test_runbook import LANGUAGES, ROOT

if __name__ == "__main__":
    for name in LANGUAGES:
        path = ROOT / name
        path.write_text(updated(path.read_text(encoding="utf-8")), encoding="utf-8")
