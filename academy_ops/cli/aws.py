"""``aws``: the AWS CLI with the settings that are in force, so that a remedy's command works wherever it is pasted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from academy_ops.cli import errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.options import Common, with_text_only
from academy_ops.contract import REGION_SETTINGS
from academy_ops.messages import _, say

if TYPE_CHECKING:
    from academy_ops.settings import Settings


@with_text_only
def aws(
    common: Common,
    words: Annotated[list[str], typer.Argument(metavar="COMMAND", help=_("The arguments for the AWS CLI."))],
    r2: Annotated[bool, typer.Option("--r2", help=_("Use the API's R2 keys (for aws s3api)."))] = False,
) -> int:
    """Run the AWS CLI; the exit code is its own."""
    environ = _environ(common.settings(), r2=r2)
    program = shutil.which("aws")
    if program is None:
        raise RefusedError(say("The AWS CLI is not installed: no aws on the PATH."))
    # No time limit: it has its own, and some of its commands wait for a person.
    taken = subprocess.PIPE if common.output_file else None
    endpoint = environ.get("AWS_ENDPOINT_URL_SQS") or environ.get("AWS_ENDPOINT_URL")
    if endpoint and "sqs" in words and not any(word.startswith("--endpoint-url") for word in words):
        # Version 1 of the AWS CLI takes the variables for every service but SQS.
        words = ["--endpoint-url", endpoint, *words]
    # Ctrl-C is for the AWS CLI alone: in a session of SSM it goes to what runs there.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        done = subprocess.run(
            [program, *words], env=environ, stdout=taken, encoding="utf-8", errors="replace", check=False
        )
    finally:
        signal.signal(signal.SIGINT, before)
    sys.stdout.write(done.stdout or "")
    return errors.INTERRUPTED if done.returncode == -signal.SIGINT else done.returncode


def _environ(settings: Settings, *, r2: bool) -> Mapping[str, str]:
    """Return the environment that the AWS CLI is given; secrets stand nowhere else."""
    environ = dict(os.environ)
    settings.export_aws(environ)
    environ |= dict.fromkeys(REGION_SETTINGS, settings.region)
    if not r2:
        return environ
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):
        environ.pop(name, None)
    keys = {"AWS_ACCESS_KEY_ID": "R2_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY": "R2_SECRET_KEY"}
    environ |= {name: settings.get(setting) or "" for name, setting in keys.items()}
    # R2's keys are nothing to AWS, which would only call them invalid.
    if endpoint := settings.get("R2_ENDPOINT"):
        environ["AWS_ENDPOINT_URL_S3"] = endpoint
    return environ
