"""The floor: the same requests, signed with botocore's signer, over one reused connection to each server.

No service models, no clients, nothing judged.
"""

import http.client
import json
import os
import ssl
from urllib.parse import urlencode, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = os.environ["AWS_REGION"]
AWS = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
R2 = Credentials(os.environ["R2_ACCESS_KEY"], os.environ["R2_SECRET_KEY"])
TLS = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
NAMES = {"autoscaling": "AUTO_SCALING", "events": "EVENTBRIDGE"}
connections: dict[str, http.client.HTTPConnection] = {}


def server(service: str) -> str:
    """Return the address of one of AWS's services, as an SDK finds it."""
    return os.environ["AWS_ENDPOINT_URL_" + NAMES.get(service, service.upper())]


def connection(url: str) -> http.client.HTTPConnection:
    """Return the one connection to the server of ``url``."""
    parts = urlsplit(url)
    if parts.netloc not in connections:
        secure = parts.scheme == "https"
        made = http.client.HTTPSConnection(parts.netloc, context=TLS) if secure else None
        connections[parts.netloc] = made or http.client.HTTPConnection(parts.netloc)
    return connections[parts.netloc]


def send(method: str, url: str, headers: dict[str, str], body: str | None = None) -> bytes:
    """Send a request; return the answer's body."""
    parts = urlsplit(url)
    link = connection(url)
    link.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
    return link.getresponse().read()


def signed(signer: SigV4Auth, method: str, url: str, headers: dict[str, str], body: str = "") -> bytes:
    """Sign a request and send it."""
    request = AWSRequest(method, url, headers, body)
    signer.add_auth(request)
    return send(method, url, dict(request.headers.items()), body)


def query(service: str, version: str, action: str, **parameters: str) -> bytes:
    """Call a service of AWS's query protocol."""
    body = urlencode({"Action": action, "Version": version, **parameters})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return signed(SigV4Auth(AWS, service, REGION), "POST", server(service) + "/", form, body)


def call(service: str, target: str, version: str = "1.1", **parameters: object) -> dict[str, object]:
    """Call a service of AWS's JSON protocol."""
    form = {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": target}
    answer = signed(SigV4Auth(AWS, service, REGION), "POST", server(service) + "/", form, json.dumps(parameters))
    read = json.loads(answer)
    assert isinstance(read, dict)
    return read


query("sts", "2011-06-15", "GetCallerIdentity")
bucket = os.environ["R2_ENDPOINT"] + "/academy-excel"
signed(S3SigV4Auth(R2, "s3", "auto"), "HEAD", bucket, {})
signed(S3SigV4Auth(R2, "s3", "auto"), "GET", f"{bucket}?list-type=2&max-keys=1", {})
token = {
    "Authorization": "Bearer " + os.environ["ACADEMY_API_TOKEN"],
    "X-Tenant-Code": os.environ["ACADEMY_TENANT_CODE"],
}
for address, path in (
    ("ACADEMY_API_URL", os.environ["JOB_PATH"]),
    ("ACADEMY_API_URL", "/health"),
    ("ACADEMY_API_URL", "/healthz"),
    ("ACADEMY_ORIGIN_URL", "/healthz"),
    ("ACADEMY_APP_URL", "/healthz"),
):
    send("GET", os.environ[address] + path, token)
GROUP = "academy-ai-worker-asg"
query("autoscaling", "2011-01-01", "DescribeAutoScalingGroups", **{"AutoScalingGroupNames.member.1": GROUP})
query("autoscaling", "2011-01-01", "DescribeScalingActivities", AutoScalingGroupName=GROUP)
instances = {"Filter.1.Name": "tag:Name", "Filter.1.Value.1": "academy-ai-worker-cpu"}
query("ec2", "2016-11-15", "DescribeInstances", **instances)
functions = server("lambda") + "/2015-03-31/functions/academy-worker-autoscale/configuration"
function = json.loads(signed(SigV4Auth(AWS, "lambda", REGION), "GET", functions, {}))
rules = call("events", "AWSEvents.ListRuleNamesByTarget", TargetArn=function["FunctionArn"])["RuleNames"]
assert isinstance(rules, list)
for rule in rules:
    call("events", "AWSEvents.DescribeRule", Name=rule)
for name in ("academy-ai-jobs-basic", "academy-ai-jobs-basic-dlq"):
    url = call("sqs", "AmazonSQS.GetQueueUrl", "1.0", QueueName=name)["QueueUrl"]
    call("sqs", "AmazonSQS.GetQueueAttributes", "1.0", QueueUrl=url, AttributeNames=["All"])
call("ssm", "AmazonSSM.GetParameter", Name="/academy/workers/env", WithDecryption=True)
