# What the operator types without the tool: the runbook's commands, one after another.
set -eu
auth="Authorization: Bearer $ACADEMY_API_TOKEN"
r2() {
  AWS_ACCESS_KEY_ID="$R2_ACCESS_KEY" AWS_SECRET_ACCESS_KEY="$R2_SECRET_KEY" aws --endpoint-url "$R2_ENDPOINT" --region auto "$@"
}
aws sts get-caller-identity
r2 s3api head-bucket --bucket "$R2_EXCEL_BUCKET"
curl -sS -i -H "$auth" -H "X-Tenant-Code: $ACADEMY_TENANT_CODE" "$ACADEMY_API_URL$JOB_PATH"
curl -sS -i "$ACADEMY_API_URL/health"
curl -sS -i "$ACADEMY_ORIGIN_URL/healthz"
curl -sS -i "$ACADEMY_APP_URL/healthz"
aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names academy-ai-worker-asg
aws autoscaling describe-scaling-activities --auto-scaling-group-name academy-ai-worker-asg --max-items 5
aws ec2 describe-instances --filters Name=tag:Name,Values=academy-ai-worker-cpu
aws lambda get-function-configuration --function-name academy-worker-autoscale
aws events list-rule-names-by-target --target-arn \
  "arn:aws:lambda:$AWS_REGION:$ACADEMY_AWS_ACCOUNT_ID:function:academy-worker-autoscale"
# Version 1 of the CLI takes an address of its own for SQS, whatever the environment says.
sqs() { aws --endpoint-url "$AWS_ENDPOINT_URL_SQS" sqs "$@"; }
url=$(sqs get-queue-url --queue-name academy-ai-jobs-basic --query QueueUrl --output text)
sqs get-queue-attributes --queue-url "$url" --attribute-names All
aws ssm get-parameter --name /academy/workers/env --with-decryption --query Parameter.LastModifiedDate
