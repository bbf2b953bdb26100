"""Runs a command and prints the peak of its memory in KiB."""

import resource
import subprocess
import sys

subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=False)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)  # noqa: T201 - this is what the bench reads
