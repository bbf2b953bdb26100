"""``make runbooks``: write the thresholds in force into both runbooks, and the options into both READMEs."""

from academy_ops.report.runbook import updated
from tests import options_table
from tests.test_runbook import LANGUAGES, ROOT

if __name__ == "__main__":
    for name in LANGUAGES:
        path = ROOT / name
        path.write_text(updated(path.read_text(encoding="utf-8")), encoding="utf-8")
    for language, name in options_table.READMES.items():
        path = ROOT / name
        path.write_text(options_table.updated(language, path.read_text(encoding="utf-8")), encoding="utf-8")
