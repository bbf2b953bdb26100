# What a worker's instance of the second generation runs at its first boot, under sh as cloud-init does.
# Set before: ROOT (what stands for /), REGION, IMAGE, WORKER, PARAMETER, LOG_GROUP, PAUSE (seconds between two tries);
# STRICT where it stops without its parameter.
set -u
mkdir -p "$ROOT/var/log" "$ROOT/opt"
exec >>"$ROOT/var/log/academy-worker-userdata.log" 2>&1

fail() {
  echo "ERROR: $1"
  exit 1
}

metadata=http://169.254.169.254/latest
try=0
until token=$(curl -sf -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$metadata/api/token") &&
  instance=$(curl -sf -m 2 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/instance-id"); do
  try=$((try + 1))
  [ "$try" -lt 5 ] || fail 'IMDSv2 instance id unavailable'
  sleep "$PAUSE"
done

if command -v dnf >/dev/null; then dnf install -y docker; else yum install -y docker; fi

pulled=''
for _ in 1 2 3 4 5; do
  if aws ecr get-login-password --region "$REGION" |
    docker login --username AWS --password-stdin "${IMAGE%%/*}" && docker pull "$IMAGE"; then
    pulled=yes
    break
  fi
  sleep "$PAUSE"
done
[ -n "$pulled" ] || fail 'ECR login/pull failed'

# Base64 of a JSON object. One that can't be read gives a container without an environment, and nobody is told.
set --
if aws ssm get-parameter --region "$REGION" --name "$PARAMETER" --with-decryption --query Parameter.Value --output text \
  2>"$ROOT/opt/parameter.said" | base64 -d 2>/dev/null | python3 -IS -c '
import json, sys
for name, value in json.load(sys.stdin).items():
    print(f"{name}={value}")
' >"$ROOT/opt/workers.env" 2>/dev/null; then
  set -- --env-file "$ROOT/opt/workers.env"
elif [ -n "${STRICT-}" ]; then
  cat "$ROOT/opt/parameter.said"
  exit 1
fi
rm -f "$ROOT/opt/parameter.said"

docker run -d --restart unless-stopped --name "$WORKER" "$@" --log-driver awslogs \
  --log-opt "awslogs-region=$REGION" --log-opt "awslogs-group=$LOG_GROUP" --log-opt "awslogs-stream=$WORKER/$instance" \
  "$IMAGE" || fail 'docker run failed'
echo 'worker started'
