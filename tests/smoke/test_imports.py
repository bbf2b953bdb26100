"""The smoke check runs where only the extra ``smoke`` is installed."""

import subprocess
import sys

PROGRAM = """
import sys
from academy_ops.smoke import judgement, run, workbook
workbook.content()
print(*(name for name in sys.modules if name.startswith(("academy_ops.lab", "moto", "sqlalchemy", "fastapi"))))
"""


def test_it_imports_nothing_of_the_lab_or_the_bundled_server() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
