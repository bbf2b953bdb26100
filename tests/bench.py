"""``make bench``: a diagnosis against a plain script that makes the same calls one after another, on the same lab.

Whole processes, alternating, so that the machine's noise hits both; the figure is the ratio of the medians.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 7
TOOL = [sys.executable, "-m", "academy_ops"]

RIVAL = """
import os, boto3, httpx
base, job = os.environ["ACADEMY_API_URL"], os.environ["JOB_ID"]
token = {"Authorization": "Bearer " + os.environ["ACADEMY_API_TOKEN"]}
boto3.client("sts").get_caller_identity()
r2 = boto3.client("s3", endpoint_url=os.environ["R2_ENDPOINT"], region_name="auto",
                  aws_access_key_id=os.environ["R2_ACCESS_KEY"], aws_secret_access_key=os.environ["R2_SECRET_KEY"])
r2.head_bucket(Bucket="academy-excel")
for path in (f"/api/v1/jobs/{job}/", "/health", "/healthz"):
    httpx.get(base + path, headers=token)
asg = boto3.client("autoscaling")
asg.describe_auto_scaling_groups(AutoScalingGroupNames=["academy-ai-worker-asg"])
asg.describe_scaling_activities(AutoScalingGroupName="academy-ai-worker-asg")
boto3.client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": ["academy-ai-worker-cpu"]}])
function = boto3.client("lambda").get_function_configuration(FunctionName="academy-worker-autoscale")
events = boto3.client("events")
for rule in events.list_rule_names_by_target(TargetArn=function["FunctionArn"])["RuleNames"]:
    events.describe_rule(Name=rule)
sqs = boto3.client("sqs")
for name in ("academy-ai-jobs-basic", "academy-ai-jobs-basic-dlq"):
    sqs.get_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], AttributeNames=["All"])
boto3.client("ssm").get_parameter(Name="/academy/workers/env", WithDecryption=True)
"""


def tool(*arguments: str, environ: dict[str, str]) -> str:
    """Run the tool and return what it printed."""
    done = subprocess.run([*TOOL, *arguments], env=environ, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip()


def seconds(command: list[str], environ: dict[str, str]) -> float:
    """Return how long one run of ``command`` takes."""
    started = time.perf_counter()
    subprocess.run(command, env=environ, capture_output=True, check=False, timeout=120)
    return time.perf_counter() - started


def main() -> None:
    """Start a lab with its worker off, time both sides on the same job, print the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        base = {**os.environ, "ACADEMY_LAB_DIR": str(Path(folder, "lab")), "LANG": "C.UTF-8"}
        tool("lab", "up", "--detach", environ=base)
        try:
            tool("lab", "break", "worker-off", environ=base)
            job = tool("lab", "upload", environ=base).split()[-1]
            lines = [line.partition("=") for line in tool("lab", "env", environ=base).splitlines() if "=" in line]
            environ = {**base, **{name: value.strip("'\"") for name, _, value in lines}, "JOB_ID": job}
            ours = [*TOOL, "diagnose", job, "-o", "json"]
            theirs = [sys.executable, "-c", RIVAL]
            pairs = [(seconds(ours, environ), seconds(theirs, environ)) for _ in range(RUNS + 1)][1:]
        finally:
            tool("lab", "down", environ=base)
    mine, rival = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"diagnose -o json           {mine:6.2f} s")  # noqa: T201 - this is the program's output
    print(f"the same calls, in a row   {rival:6.2f} s")  # noqa: T201
    print(f"ratio                      {rival / mine:6.2f}  (medians of {RUNS} whole processes each)")  # noqa: T201


if __name__ == "__main__":
    main()
