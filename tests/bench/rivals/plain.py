"""A plain script that makes the calls of a diagnosis one after another."""

import os

import boto3
import httpx

token = {"Authorization": "Bearer " + os.environ["ACADEMY_API_TOKEN"]}
boto3.client("sts").get_caller_identity()
r2 = boto3.client(
    "s3",
    endpoint_url=os.environ["R2_ENDPOINT"],
    region_name="auto",
    aws_access_key_id=os.environ["R2_ACCESS_KEY"],
    aws_secret_access_key=os.environ["R2_SECRET_KEY"],
)
r2.head_bucket(Bucket="academy-excel")
r2.list_objects_v2(Bucket="academy-excel", MaxKeys=1)
for address, path in (
    ("ACADEMY_API_URL", os.environ["JOB_PATH"]),
    ("ACADEMY_API_URL", "/health"),
    ("ACADEMY_API_URL", "/healthz"),
    ("ACADEMY_ORIGIN_URL", "/healthz"),
    ("ACADEMY_APP_URL", "/healthz"),
):
    httpx.get(os.environ[address] + path, headers=token)
group = boto3.client("autoscaling")
group.describe_auto_scaling_groups(AutoScalingGroupNames=["academy-ai-worker-asg"])
group.describe_scaling_activities(AutoScalingGroupName="academy-ai-worker-asg")
boto3.client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": ["academy-ai-worker-cpu"]}])
function = boto3.client("lambda").get_function_configuration(FunctionName="academy-worker-autoscale")
events = boto3.client("events")
for rule in events.list_rule_names_by_target(TargetArn=function["FunctionArn"])["RuleNames"]:
    events.describe_rule(Name=rule)
sqs = boto3.client("sqs")
for name in ("academy-ai-jobs-basic", "academy-ai-jobs-basic-dlq"):
    sqs.get_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], AttributeNames=["All"])
boto3.client("ssm").get_parameter(Name="/academy/workers/env", WithDecryption=True)
