"""The commands that show by hand what the checks look at, and those that several remedies share.

They only read unless their name says otherwise, and none receives a message from a queue.
"""

from dataclasses import replace
from typing import Final

from academy_ops.contract import (
    CLOUD_INIT_LOG,
    DLQ_SUFFIX,
    HEALTH_PATH,
    HEALTHZ_PATH,
    JOBS_PATH,
    QUEUE_SETTING,
    TENANT_HEADER,
    USER_DATA_LOG,
)
from academy_ops.diagnosis.command import Steps, aws, command

CONFIG: Final = command("<ops> config")
JOBS: Final = command("<ops> jobs")

# Access
WHO: Final = aws("sts get-caller-identity")
CREDENTIALS: Final = command("aws configure list")
REACH_AWS: Final = command("curl -sSv -o /dev/null --max-time 10 https://sts.<region>.amazonaws.com")

# R2
_AS_API: Final = (
    ("AWS_ACCESS_KEY_ID", "R2_ACCESS_KEY"),
    ("AWS_SECRET_ACCESS_KEY", "R2_SECRET_KEY"),
    ("AWS_SESSION_TOKEN", ""),
)


def _r2(operation: str, options: str = "") -> Steps:
    """Return a command of R2's S3 API, with the API's keys as its environment."""
    words = f"aws s3api {operation} --endpoint-url <endpoint> --region auto --bucket <bucket> {options}"
    return tuple(replace(step, environment=_AS_API) for step in command(words))


BUCKET: Final = _r2("list-objects-v2", "--max-items 1")
UPLOAD: Final = _r2("head-object", "--key <file_key>")
REACH_R2: Final = command("curl -sS --max-time 10 -o /dev/null -D - <endpoint>")
CLOUDFLARE_STATUS: Final = command("curl -sS --max-time 10 https://www.cloudflarestatus.com/api/v2/status.json")

# From the browser to the API
_HEADERS: Final = "curl -sS --max-time 10 -o /dev/null -D -"
EDGE: Final = command(f"{_HEADERS} <api_url>{HEALTHZ_PATH}")
HEALTH: Final = command(f"{_HEADERS} <api_url>{HEALTH_PATH}")
ORIGIN: Final = command(f"{_HEADERS} <origin_url>{HEALTHZ_PATH}")
APP: Final = command(f"{_HEADERS} <app_url>{HEALTHZ_PATH}")
REDIRECTS: Final = command(f"{_HEADERS} -L --max-redirs 5 <api_url>{HEALTHZ_PATH}")
ANSWER: Final = command(f"curl -sS --max-time 10 -i <api_url>{HEALTHZ_PATH}")
TIMES: Final = command(f"curl -sSv --trace-time --max-time 20 -o /dev/null <api_url>{HEALTHZ_PATH}")
CERTIFICATE: Final = command(f"curl -sSv --max-time 10 -o /dev/null <api_url>{HEALTHZ_PATH}")
_AS_BROWSER: Final = (("Authorization: Bearer ", "ACADEMY_API_TOKEN"), (f"{TENANT_HEADER}: ", "ACADEMY_TENANT_CODE"))
JOB: Final = tuple(
    replace(step, headers=_AS_BROWSER)
    for step in command(f"curl -sS --max-time 10 -i -H @- <api_url>{JOBS_PATH}<job_id>/")
)
PORT_80: Final = aws(
    "ec2 describe-security-groups --filters Name=ip-permission.from-port,Values=80 --output json --query",
    "SecurityGroups[].[GroupId,GroupName,IpPermissions[?FromPort==`80`].IpRanges[].CidrIp]",
)

# On the API server
APP_THERE: Final = command(f"curl -sS --max-time 10 -i http://127.0.0.1:8000{HEALTHZ_PATH}", place="api-server")
APP_AS_HOST: Final = command(
    f"curl -sS --max-time 10 -i -H Host:<api_host> http://127.0.0.1:8000{HEALTHZ_PATH}", place="api-server"
)
API_CONTAINER: Final = command("docker ps -a --filter name=academy-api", place="api-server")
API_LOG: Final = command("docker logs --tail 50 academy-api", place="api-server")
LISTENING: Final = command("sudo ss -ltnp", "sport = :80 or sport = :443 or sport = :8000", place="api-server")
NGINX: Final = command("sudo nginx -T", place="api-server")
NGINX_LOG: Final = command("sudo tail -n 50 /var/log/nginx/error.log", place="api-server")
TARGETS: Final = (
    *aws(
        "elbv2 describe-target-groups --output text --query",
        "TargetGroups[?Port==`8000`]|[0].TargetGroupArn",
        prints="target_group",
    ),
    *aws(
        "elbv2 describe-target-health --output text --target-group-arn <target_group> --query",
        "TargetHealthDescriptions[].[Target.Id,TargetHealth.State,TargetHealth.Reason,TargetHealth.Description]",
    ),
)


# Workers
def of_group(words: str, *more: str, prints: str = "") -> Steps:
    """Return a command of EC2 Auto Scaling for the workers' group; arguments as for `aws`."""
    operation, *options = words.split()
    return aws(f"autoscaling {operation} --auto-scaling-group-name <group>", *options, *more, prints=prints)


def describe_group(query: str, options: str = "", prints: str = "") -> Steps:
    """Return the command that prints what a JMESPath finds in the group."""
    words = f"autoscaling describe-auto-scaling-groups --auto-scaling-group-names <group> {options} --query"
    return aws(words, query, prints=prints)


GROUP: Final = describe_group(
    "AutoScalingGroups[].{Desired:DesiredCapacity,Min:MinSize,Max:MaxSize,"
    "Suspended:SuspendedProcesses[].ProcessName,Instances:Instances[].[InstanceId,LifecycleState,HealthStatus]}"
)
ACTIVITIES: Final = of_group(
    "describe-scaling-activities --max-items 10 "
    "--query Activities[].[StartTime,StatusCode,Description,StatusMessage,Cause] --output text"
)
TEMPLATE: Final = describe_group(
    "AutoScalingGroups[].{Template:LaunchTemplate,Mixed:MixedInstancesPolicy.LaunchTemplate,"
    "Configuration:LaunchConfigurationName,Subnets:VPCZoneIdentifier,Zones:AvailabilityZones}"
)
SUBNETS: Final = aws(
    "ec2 describe-subnets --output text --query Subnets[].[SubnetId,VpcId,AvailabilityZone,AvailableIpAddressCount]"
)
IMAGES: Final = aws(
    "ec2 describe-images --owners self --output text --query Images[].[ImageId,State,Architecture,CreationDate,Name]"
)
KEY_PAIRS_AND_GROUPS: Final = (
    *aws("ec2 describe-key-pairs --query KeyPairs[].KeyName --output text"),
    *aws("ec2 describe-security-groups --output text --query SecurityGroups[].[GroupId,VpcId,GroupName]"),
)
ROLES: Final = (
    *command("aws iam list-roles --output text --query", "Roles[?contains(Path,`aws-service-role`)].RoleName"),
    *command(
        "aws iam list-instance-profiles --output text --query "
        "InstanceProfiles[].[InstanceProfileName,Roles[0].RoleName]"
    ),
)
VOLUME_KEYS: Final = (
    *aws("ec2 get-ebs-default-kms-key-id --query KmsKeyId --output text"),
    *aws("kms list-keys --query Keys[].KeyArn --output text"),
)
DECODE: Final = aws("sts decode-authorization-message --query DecodedMessage --output text --encoded-message <encoded>")
POLICIES: Final = of_group("describe-policies --query", "ScalingPolicies[].[PolicyName,Enabled,Alarms[].AlarmName]")
ALARM: Final = aws(
    "cloudwatch describe-alarms --alarm-names <alarm> --output text --query "
    "MetricAlarms[].[AlarmName,StateValue,ActionsEnabled,StateReason]"
)
ALARM_METRIC: Final = aws(
    "cloudwatch describe-alarms --alarm-names <alarm> --output text --query "
    "MetricAlarms[].[Namespace,MetricName,Dimensions[0].Name,Dimensions[0].Value]"
)
SCHEDULED: Final = of_group(
    "describe-scheduled-actions --query "
    "ScheduledUpdateGroupActions[].[ScheduledActionName,Recurrence,StartTime,MinSize,MaxSize,DesiredCapacity] "
    "--output text"
)
HOOKS: Final = of_group("describe-lifecycle-hooks")
MACHINES: Final = aws(
    "ec2 describe-instances --filters Name=tag:Name,Values=<worker> --output text --query "
    "Reservations[].Instances[].[InstanceId,State.Name,LaunchTime,InstanceType,IamInstanceProfile.Arn]"
)
ENDED_MACHINES: Final = aws(
    "ec2 describe-instances --filters Name=tag:Name,Values=<worker> --output text --query "
    "Reservations[].Instances[].[InstanceId,State.Name,InstanceLifecycle,StateReason.Message,StateTransitionReason]"
)
_FUNCTION: Final = "lambda get-function-configuration --function-name <autoscaler_function>"
AUTOSCALER: Final = aws(f"{_FUNCTION} --query [State,StateReason,LastUpdateStatus,LastModified] --output text")
FUNCTION_ARN: Final = aws(f"{_FUNCTION} --query FunctionArn --output text", prints="function_arn")
RULES: Final = FUNCTION_ARN + aws(
    "events list-rule-names-by-target --target-arn <function_arn> --query RuleNames --output text"
)
OPEN_METADATA: Final = aws(
    "ec2 modify-instance-metadata-options --instance-id <instance> --http-endpoint enabled "
    "--http-put-response-hop-limit 2 --query InstanceId --output text"
)
PROFILES: Final = aws(
    "iam list-instance-profiles --output text --query", "InstanceProfiles[].[InstanceProfileName,Roles[0].RoleName]"
)
CONSOLE: Final = aws("ec2 get-console-output --instance-id <instance> --latest --query Output --output text")
REPOSITORIES: Final = aws(
    "ecr describe-repositories --output text --query repositories[].[repositoryName,repositoryUri]"
)
FUNCTION: Final = aws("lambda list-functions --query Functions[].[FunctionName,LastModified] --output text")
REPLACE_INSTANCES: Final = command("<ops> worker-env --replace")
"""Starts an instance refresh, where workers that boot now would get what they need, and follows it."""


def terminate(instance: str) -> Steps:
    """Return the command that has the group replace the instance for which that placeholder stands."""
    return aws(
        "autoscaling terminate-instance-in-auto-scaling-group "
        f"--no-should-decrement-desired-capacity --instance-id <{instance}>"
    )


def instance_in(condition: str) -> Steps:
    """Return the command that prints, as ``<found>``, the group's first instance of which a JMESPath is true."""
    return describe_group(
        f"AutoScalingGroups[0].Instances[?{condition}].InstanceId | [0]", "--output text", prints="found"
    )


# Queue
def _attributes(queue: str, *wanted: str) -> Steps:
    """Return the commands that print attributes of a queue."""
    url = aws(f"sqs get-queue-url --queue-name {queue} --query QueueUrl --output text", prints="queue_url")
    return url + aws("sqs get-queue-attributes --queue-url <queue_url> --attribute-names", *wanted)


DEPTH: Final = _attributes("<queue>", "All")
_QUEUE_URL: Final = DEPTH[:1]


def set_attributes(attributes: str) -> Steps:
    """Return the commands that change attributes of the queue, as the AWS CLI takes them."""
    return _QUEUE_URL + aws("sqs set-queue-attributes --queue-url <queue_url> --attributes", attributes)


def dead_letter_queue(attributes: str) -> Steps:
    """Return the commands that make a dead-letter queue, or take the one that is there, and print its ARN."""
    # Without attributes, SQS takes a queue that exists as it is.
    return (
        *aws(f"sqs create-queue --queue-name <queue>{DLQ_SUFFIX} --query QueueUrl --output text", prints="dlq_url"),
        *aws("sqs set-queue-attributes --queue-url <dlq_url> --attributes", attributes),
        *aws(
            "sqs get-queue-attributes --queue-url <dlq_url> --attribute-names QueueArn "
            "--query Attributes.QueueArn --output text",
            prints="new_dlq",
        ),
    )


QUEUES: Final = aws("sqs list-queues --query QueueUrls --output text")
DEAD_LETTERS: Final = _attributes(f"<queue>{DLQ_SUFFIX}", "ApproximateNumberOfMessages", "QueueArn")
_LAST_MINUTES: Final = (
    *command("date -u -d", "-10 min", "+%FT%TZ", prints="start"),
    *command("date -u +%FT%TZ", prints="end"),
)
FUNCTION_ERRORS: Final = (
    *_LAST_MINUTES,
    *(
        step
        for metric in ("Errors", "Throttles")
        for step in aws(
            f"cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name {metric} "
            "--dimensions Name=FunctionName,Value=<autoscaler_function> --statistics Sum --period 60 "
            "--start-time <start> --end-time <end>"
        )
    ),
)
OLDEST: Final = (
    *_LAST_MINUTES,
    *aws(
        "cloudwatch get-metric-statistics --namespace AWS/SQS --metric-name ApproximateAgeOfOldestMessage --dimensions "
        "Name=QueueName,Value=<queue> --statistics Maximum --period 60 --start-time <start> --end-time <end>"
    ),
)
ENDPOINTS: Final = aws(
    "ec2 describe-vpc-endpoints --output text --query", "VpcEndpoints[].[VpcEndpointId,ServiceName,VpcId,State]"
)


def _edit(read: Steps, file: str, write: Steps) -> Steps:
    """Return the commands that save to a file, edit it, and store it; where a step fails, the file stays."""
    *before, last = read
    return (*before, replace(last, saves_to=file), *command(f"vi {file}"), *write, *command(f"rm {file}"))


EDIT_QUEUE_POLICY: Final = _edit(
    _QUEUE_URL
    + aws("sqs get-queue-attributes --queue-url <queue_url> --attribute-names Policy --query Attributes --output json"),
    "queue-policy.json",
    aws("sqs set-queue-attributes --queue-url <queue_url> --attributes file://queue-policy.json"),
)
_QUEUE_KEY: Final = (
    *_QUEUE_URL,
    *aws(
        "sqs get-queue-attributes --queue-url <queue_url> --attribute-names KmsMasterKeyId "
        "--query Attributes.KmsMasterKeyId --output text",
        prints="key_name",
    ),
    *aws("kms describe-key --key-id <key_name> --query KeyMetadata.KeyId --output text", prints="key"),
)
QUEUE_KEY: Final = _QUEUE_KEY[:2] + aws(
    "kms describe-key --key-id <key_name> --output text --query KeyMetadata.[Arn,KeyState,DeletionDate]"
)
EDIT_KEY_POLICY: Final = _edit(
    _QUEUE_KEY + aws("kms get-key-policy --key-id <key> --policy-name default --query Policy --output text"),
    "key-policy.json",
    aws("kms put-key-policy --key-id <key> --policy-name default --policy file://key-policy.json"),
)
NO_QUEUE_KEY: Final = _QUEUE_URL + aws("sqs set-queue-attributes --queue-url <queue_url> --attributes KmsMasterKeyId=")
ENABLE_KEY: Final = aws("kms enable-key --key-id <refused_key>")
KEEP_KEY: Final = (
    *aws("kms cancel-key-deletion --key-id <doomed_key> --query KeyId --output text"),
    *aws("kms enable-key --key-id <doomed_key>"),
)
_ENDPOINTS: Final = (
    "ec2 describe-vpc-endpoints --filters "
    "Name=service-name,Values=com.amazonaws.<region>.<service> --output text --query"
)
ENDPOINT_POLICIES: Final = aws(_ENDPOINTS, "VpcEndpoints[].[VpcEndpointId,VpcId,State,PolicyDocument]")
RESET_ENDPOINT_POLICY: Final = (
    *aws(_ENDPOINTS, "VpcEndpoints[0].VpcEndpointId", prints="vpc_endpoint"),
    *aws("ec2 modify-vpc-endpoint --vpc-endpoint-id <vpc_endpoint> --reset-policy --query Return --output text"),
)
ORGANIZATION: Final = aws("organizations describe-organization")

# Inside the workers
AGENTS: Final = aws(
    "ssm describe-instance-information --output text "
    "--query InstanceInformationList[].[InstanceId,PingStatus,LastPingDateTime]"
)
PARAMETER_AGE: Final = aws("ssm get-parameter --name <parameter> --query Parameter.LastModifiedDate --output text")
WORKER_ENV: Final = command("<ops> worker-env")
"""Lists the workers' parameter; no value is shown."""
EDIT_WORKER_ENV: Final = command("<ops> worker-env --edit")


def from_api(*names: str) -> Steps:
    """Return the command that gives the workers' parameter the API's values."""
    return command("<ops> worker-env", *(word for name in names for word in ("--from-api", name)))


def on_workers(script: str) -> Steps:
    """Return the command that has root run a line of POSIX shell on every worker, found by its Name tag."""
    return aws(
        "ssm send-command --document-name AWS-RunShellScript "
        "--targets Key=tag:Name,Values=<worker> --query Command.CommandId --output text --parameters",
        f"commands={script}",
    )


SET_CLOCK: Final = on_workers("systemctl restart chronyd && chronyc waitsync 6")


def _in_container(template: str) -> Steps:
    return command("sudo docker inspect --format", template, "<worker_container>", place="worker")


_NAME: Final = '(index (split . "=") 0)'


def _variables(*names: str) -> Steps:
    """Return the command that prints variables of the worker's container; none of ``names`` holds a secret."""
    listed = " ".join(f'"{name}"' for name in names)
    return _in_container(
        f"{{{{range .Config.Env}}}}{{{{if eq {_NAME} {listed}}}}}{{{{println .}}}}{{{{end}}}}{{{{end}}}}"
    )


WORKER_STATE: Final = command("sudo docker ps -a --filter name=<worker>", place="worker")
WORKER_MADE: Final = _in_container("{{.Created}}")
WORKER_MEMORY: Final = _in_container("{{.State.OOMKilled}}") + command("free -m", place="worker")
WORKER_LOG: Final = command("sudo docker logs --tail 30 <worker_container>", place="worker")
KEPT_LOG: Final = command(
    "aws logs filter-log-events --region <log_region> --log-group-name <log_group> --max-items 50 --output text "
    "--query events[].[logStreamName,message] --filter-pattern",
    '"<job_id>"',
)
WORKER_DISK: Final = command("df -h /var/lib/docker", place="worker") + command("sudo docker system df", place="worker")
WORKER_DOCKER: Final = command("systemctl status --no-pager docker", place="worker")
WORKER_UNIT: Final = command("systemctl status --no-pager <unit>", place="worker") + command(
    "sudo journalctl --no-pager -n 50 -u <unit>", place="worker"
)
WORKER_BOOT: Final = command(f"sudo tail -n 50 {USER_DATA_LOG} {CLOUD_INIT_LOG}", place="worker")
WORKER_ERROR: Final = _in_container("{{json .State}}")
WORKER_HEALTH: Final = _in_container("{{json .State.Health}}")
WORKER_IMAGE: Final = _in_container("{{.Config.Image}} {{.Image}}")
WORKER_INODES: Final = command("sudo du --inodes -x -d 2 /", place="worker")
WORKER_QUEUE: Final = _variables(QUEUE_SETTING)
WORKER_R2: Final = _variables("R2_ENDPOINT", "R2_EXCEL_BUCKET", "EXCEL_BUCKET_NAME")
WORKER_REGION: Final = _variables("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS")
_SHOW_TLS: Final = "curl -kSsv -o /dev/null --max-time 10"
"""It shows who has signed the certificate, whoever that is."""
WORKER_SQS: Final = command(f"{_SHOW_TLS} https://sqs.<region>.amazonaws.com", place="worker")
WORKER_TO_R2: Final = command(f"{_SHOW_TLS} <endpoint>", place="worker")
WORKER_ACCOUNT: Final = aws("sts get-caller-identity", place="worker")
LOG_GROUPS: Final = aws("logs describe-log-groups --output text --query logGroups[].logGroupName")
WORKER_TIME: Final = command("date -u", place="worker") + command("systemctl status --no-pager chronyd", place="worker")
WORKER_KERNEL: Final = command("sudo journalctl --no-pager -k -n 50", place="worker")
WORKER_CLOCK: Final = command("date -u", place="worker")
PARAMETER_THERE: Final = aws(
    "ssm get-parameter --name <parameter> --with-decryption --query Parameter.Version", place="worker"
)
"""As the instance's own role; it prints no value."""
WORKER_NAMES: Final = _in_container(f"{{{{range .Config.Env}}}}{{{{println {_NAME}}}}}{{{{end}}}}")
