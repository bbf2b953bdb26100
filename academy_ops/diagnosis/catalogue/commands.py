"""The commands of the runbook's steps by hand: they only read, and none receives a message from a queue.

``{name}`` stands for a live name, as in the remedies; ``{{`` and ``}}`` are braces of the command's own.
"""

from __future__ import annotations

from typing import Final

# Access
WHO: Final = "aws sts get-caller-identity --region {region}"
CREDENTIALS: Final = "aws configure list"
REACH_AWS: Final = "curl -sS -o /dev/null --max-time 10 -w '%{{http_code}}\\n' https://sts.{region}.amazonaws.com"

# R2, with the API's keys in the environment, so that no secret stands in a command line
_AS_API: Final = 'AWS_ACCESS_KEY_ID="$R2_ACCESS_KEY" AWS_SECRET_ACCESS_KEY="$R2_SECRET_KEY" AWS_SESSION_TOKEN= '
_AT_R2: Final = " --endpoint-url {endpoint} --region auto --bucket {bucket}"
BUCKET: Final = f"{_AS_API}aws s3api list-objects-v2{_AT_R2} --max-items 1"
# With the keys read from the env file, for whoever has not done so before.
_WITH_KEYS: Final = "(set -a; . {{env_file}}; set +a; {})"
TRY_BUCKET: Final = _WITH_KEYS.format(BUCKET)
MAKE_BUCKET: Final = _WITH_KEYS.format(f"{_AS_API}aws s3api create-bucket{_AT_R2}")
UPLOAD: Final = f"{_AS_API}aws s3api head-object{_AT_R2} --key {{file_key}}"
REACH_R2: Final = "curl -sS -o /dev/null --max-time 10 -w '%{{http_code}}\\n' {endpoint}"
CLOUDFLARE_STATUS: Final = "curl -sS --max-time 10 https://www.cloudflarestatus.com/api/v2/status.json"


def names_set(form: str) -> str:
    """Return the command that names the settings of the form ``form`` that have a value, without their values."""
    return f"sed -nE 's/^({form})=.+/\\1/p' {{env_file}}"


# From the browser to the API
_GET: Final = "curl -sS --max-time 10 -o /dev/null -D -"
EDGE: Final = f"{_GET} {{api_url}}/healthz"
HEALTH: Final = f"{_GET} {{api_url}}/health"
ORIGIN: Final = f"{_GET} {{origin_url}}/healthz"
APP: Final = f"{_GET} {{app_url}}/healthz"
TIMES: Final = (
    "curl -sS -o /dev/null --max-time 20 -w 'connected after %{{time_connect}} s, answered after "
    "%{{time_starttransfer}} s\\n' {api_url}/healthz"
)
CERTIFICATE: Final = (
    "curl -sSv -o /dev/null --max-time 10 {api_url}/healthz 2>&1 | grep -iE 'subject|issuer|expire|SSL'"
)
JOB: Final = (
    'printf \'Authorization: Bearer %s\\nX-Tenant-Code: %s\\n\' "$ACADEMY_API_TOKEN" "$ACADEMY_TENANT_CODE" | '
    "curl -sS --max-time 10 -i -H @- {api_url}/api/v1/jobs/{job_id}/"
)
PORT_80: Final = (
    "aws ec2 describe-security-groups --region {region} --filters Name=ip-permission.from-port,Values=80 "
    "--query 'SecurityGroups[].[GroupId,GroupName,IpPermissions[?FromPort==`80`].IpRanges[].CidrIp]' --output json"
)

# On the API server
APP_THERE: Final = "curl -sS --max-time 10 -i http://127.0.0.1:8000/healthz"
API_CONTAINER: Final = "docker ps -a --filter name=academy-api"
API_LOG: Final = "docker logs --tail 50 academy-api"
LISTENING: Final = "sudo ss -ltnp | grep -E ':(80|443|8000) '"
NGINX: Final = (
    "sudo nginx -T 2>/dev/null | grep -nE 'listen|ssl_certificate|proxy_pass|proxy_set_header Host|return 30'"
)

# Workers
GROUP: Final = (
    "aws autoscaling describe-auto-scaling-groups --region {region} --auto-scaling-group-names {group} --query "
    "'AutoScalingGroups[].{{Desired:DesiredCapacity,Min:MinSize,Max:MaxSize,"
    "Suspended:SuspendedProcesses[].ProcessName,Instances:Instances[].[InstanceId,LifecycleState,HealthStatus]}}'"
)
ACTIVITIES: Final = (
    "aws autoscaling describe-scaling-activities --region {region} --auto-scaling-group-name {group} --max-items 10 "
    "--query 'Activities[].[StartTime,StatusCode,Description,StatusMessage]' --output text"
)
HOOKS: Final = "aws autoscaling describe-lifecycle-hooks --region {region} --auto-scaling-group-name {group}"
MACHINES: Final = (
    "aws ec2 describe-instances --region {region} --filters Name=tag:Name,Values={worker} --query "
    "'Reservations[].Instances[].[InstanceId,State.Name,LaunchTime,InstanceType,IamInstanceProfile.Arn]' --output text"
)
FUNCTION_ARN: Final = (
    "aws lambda get-function-configuration --region {region} --function-name {autoscaler_function} "
    "--query FunctionArn --output text"
)
AUTOSCALER: Final = (
    "aws lambda get-function-configuration --region {region} --function-name {autoscaler_function} "
    "--query '[State,LastModified]' --output text"
)
RULES: Final = (
    f'aws events list-rule-names-by-target --region {{region}} --target-arn "$({FUNCTION_ARN})" '
    "--query RuleNames --output text"
)


def instance_in(condition: str) -> str:
    """Return the command that prints the first instance of the group of which ``condition`` (JMESPath) is true."""
    return (
        "aws autoscaling describe-auto-scaling-groups --region {region} --auto-scaling-group-names {group} "
        f"--query 'AutoScalingGroups[0].Instances[?{condition}].InstanceId | [0]' --output text"
    )


# Queue
_URL: Final = "aws sqs get-queue-url --region {region} --queue-name"
QUEUES: Final = "aws sqs list-queues --region {region} --query QueueUrls --output text"
DEPTH: Final = (
    f'aws sqs get-queue-attributes --region {{region}} --queue-url "$({_URL} {{queue}} --query QueueUrl '
    "--output text)\" --attribute-names All --query 'Attributes.{{waiting:ApproximateNumberOfMessages,"
    "in_flight:ApproximateNumberOfMessagesNotVisible,delayed:ApproximateNumberOfMessagesDelayed,"
    "redrive:RedrivePolicy}}'"
)
DEAD_LETTERS: Final = (
    f'aws sqs get-queue-attributes --region {{region}} --queue-url "$({_URL} {{queue}}-dlq --query QueueUrl '
    '--output text)" --attribute-names ApproximateNumberOfMessages QueueArn'
)
OLDEST: Final = (
    "aws cloudwatch get-metric-statistics --region {region} --namespace AWS/SQS "
    "--metric-name ApproximateAgeOfOldestMessage --dimensions Name=QueueName,Value={queue} --statistics Maximum "
    '--period 60 --start-time "$(date -u -d \'-10 min\' +%FT%TZ)" --end-time "$(date -u +%FT%TZ)"'
)

# Inside the workers
AGENTS: Final = (
    "aws ssm describe-instance-information --region {region} "
    "--query 'InstanceInformationList[].[InstanceId,PingStatus,LastPingDateTime]' --output text"
)
PARAMETER_AGE: Final = (
    "aws ssm get-parameter --region {region} --name {parameter} --query Parameter.LastModifiedDate --output text"
)
_PARAMETER: Final = (
    "aws ssm get-parameter --region {region} --name {parameter} --with-decryption --query Parameter.Value --output text"
)
PARAMETER_NAMES: Final = f"{_PARAMETER} | sed -nE 's/^([A-Z0-9_]+)=.+/\\1/p'"
PARAMETER_QUEUE: Final = f"{_PARAMETER} | grep '^AI_SQS_QUEUE_NAME_BASIC='"
PARAMETER_R2: Final = f"{_PARAMETER} | grep -E '^(R2_ENDPOINT|R2_EXCEL_BUCKET|EXCEL_BUCKET_NAME)='"

EDIT_PARAMETER: Final = (
    f'(umask 077; f=$(mktemp) && {_PARAMETER} >"$f" && ${{{{EDITOR:-vi}}}} "$f" && '
    "aws ssm put-parameter --region {region} --name {parameter} --type SecureString --overwrite "
    '--value "file://$f"; rm -f "$f")'
)
"""The one command here that changes something: the remedy of a parameter that is wrong. Only its owner can read the
file while it is edited."""


def on_workers(script: str) -> str:
    """Return the command that runs ``script`` on every worker through SSM and prints what each of them said.

    The workers are found by their Name tag, so it works without an instance id. SSM tells 2,500 characters of each.

    Args:
        script: A line of POSIX shell without quotes; root runs it.
    """
    return (
        "id=$(aws ssm send-command --region {region} --document-name AWS-RunShellScript "
        f"--targets Key=tag:Name,Values={{worker}} --parameters 'commands=[\"{script}\"]' "
        "--query Command.CommandId --output text) && sleep 5 && "
        'aws ssm list-command-invocations --region {region} --command-id "$id" --details '
        "--query 'CommandInvocations[].[InstanceId,Status,CommandPlugins[0].Output]' --output text"
    )


WORKER_STATE: Final = on_workers("docker ps -a --filter name={worker}")
WORKER_STARTED: Final = on_workers("docker inspect --format {{{{.State.StartedAt}}}} {worker}")
WORKER_MEMORY: Final = on_workers("docker inspect --format {{{{.State.OOMKilled}}}} {worker}; free -m")
WORKER_LOG: Final = on_workers("docker logs --tail 30 {worker} 2>&1 | tail -c 2400")
WORKER_DISK: Final = on_workers("df -h /var/lib/docker; docker system df")
WORKER_DOCKER: Final = on_workers("systemctl status --no-pager docker")
WORKER_BOOT: Final = on_workers("tail -c 2400 /var/log/cloud-init-output.log")
WORKER_QUEUE: Final = on_workers(
    "docker inspect --format {{{{.Config.Env}}}} {worker} | grep -oE AI_SQS_QUEUE_NAME_BASIC=[A-Za-z0-9_-]*"
)
WORKER_R2: Final = on_workers(
    "docker inspect --format {{{{.Config.Env}}}} {worker} | grep -oE -e R2_ENDPOINT=[A-Za-z0-9.:/_-]* "
    "-e R2_EXCEL_BUCKET=[A-Za-z0-9.-]* -e EXCEL_BUCKET_NAME=[A-Za-z0-9.-]*"
)
WORKER_NAMES_SET: Final = on_workers(
    "docker inspect --format {{{{.Config.Env}}}} {worker} | grep -oE R2_[A-Z_]+=[^[:space:]] | cut -d= -f1"
)
