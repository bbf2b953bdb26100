"""The SSM agent of a lab instance: runs the tool's own scripts and nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from academy_ops.lab import processes
from academy_ops.lab.aws.ssm import Outcome
from academy_ops.outside import host_scripts


def run(script: str, folder: Path, env: Mapping[str, str], seconds: float) -> Outcome:
    """Run a script with ``sh``.

    Args:
        script: The script; it must be one that `academy_ops.outside.host_scripts` builds.
        folder: The instance's folder; the shims in its ``bin`` come first in PATH.
        env: The host's environment.
        seconds: How long it may take.

    Returns:
        Its exit code and output; exit code 1 and a sentence for any other script.
    """
    if not host_scripts.is_ours(script):
        return Outcome(1, "", "The lab runs only the scripts that academy-ops itself builds; this one is not.\n")
    process = subprocess.Popen(
        ["/bin/sh", "-c", script],
        env={**env, "PATH": f"{folder / 'bin'}:{env['PATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        process_group=0,
    )
    code: int | None = None
    try:
        stdout, stderr = process.communicate(timeout=seconds)
        code = process.returncode
    except subprocess.TimeoutExpired:
        processes.kill_group(process)
        stdout, stderr = process.communicate()
    return Outcome(code, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"))
