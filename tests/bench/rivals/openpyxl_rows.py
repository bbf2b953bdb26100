"""The rival of the bundled worker: openpyxl, and one INSERT for each row; prints seconds and its peak of memory in MB.

It checks nothing, and commits once; the imports are not timed.
"""

import sqlite3
import sys
import time
from pathlib import Path

from openpyxl import load_workbook

path, database = sys.argv[1:]
connection = sqlite3.connect(database)
connection.execute(
    "CREATE TABLE student (id INTEGER PRIMARY KEY, tenant TEXT, name TEXT, parent_phone TEXT, gender TEXT,"
    " school_type TEXT, school TEXT, grade TEXT, class_name TEXT, job_id TEXT, UNIQUE (tenant, name, parent_phone))"
)
connection.execute("CREATE INDEX of_job ON student (job_id)")
insert = (
    "INSERT INTO student (tenant, name, parent_phone, gender, school_type, school, grade, class_name, job_id)"
    " VALUES ('t', ?, ?, ?, ?, ?, ?, ?, 'j') ON CONFLICT DO NOTHING"
)
started = time.perf_counter()
sheet = load_workbook(path, read_only=True).active
assert sheet is not None
for _, name, parent_phone, _, *more in sheet.iter_rows(min_row=3, max_col=9, values_only=True):
    connection.execute(insert, (name, str(parent_phone).replace("-", ""), *more))
connection.commit()
taken = time.perf_counter() - started
peak = next(line for line in Path("/proc/self/status").read_text("utf-8").splitlines() if line.startswith("VmHWM:"))
print(taken, int(peak.split()[1]) // 1024)  # noqa: T201 - this is what the bench reads
