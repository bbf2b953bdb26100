# Reads the state of one container and the tail of its log. Changes nothing.
# Set before this line: container, job, salt.
export LC_ALL=C
echo 'probe=1'

# How full the disk is that holds Docker's data; '-' when df can't tell.
disk=$(df -P /var/lib/docker 2>/dev/null || df -P / 2>/dev/null)
echo "disk_percent=$(printf '%s\n' "$disk" | awk 'NR == 2 { sub("%", "", $5); print $5 }')"

if ! command -v docker >/dev/null 2>&1; then
  echo 'docker=missing'
  exit 0
fi
if ! docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; then
  echo 'docker=down'
  exit 0
fi
echo 'docker=up'

state=$(docker inspect --type container --format '{{json .State}}' "$container" 2>/dev/null) || {
  echo 'container=missing'
  exit 0
}
echo 'container=present'
echo "state=$state"
echo "restarts=$(docker inspect --type container --format '{{.RestartCount}}' "$container")"
# A restart clears OOMKilled; the daemon remembers the kernel's kills as events.
kills=$(docker events --since 10m --until 0s --filter "container=$container" --filter event=oom --format '{{.Time}}')
echo "oom_kills=$(printf '%s' "$kills" | grep -c '')"

echo "network=$(docker inspect --type container --format '{{.HostConfig.NetworkMode}}' "$container")"

# An address as it is meant: without its default port and trailing slash; each name of SQS in a region is one of many.
meant() {
  printf '%s\n' "$1" | tr '[:upper:]' '[:lower:]' | sed -E -e 's#/+$##' \
    -e 's#^(https://[^/:]+):443(/|$)#\1\2#' -e 's#^(http://[^/:]+):80(/|$)#\1\2#' \
    -e 's#^https?://([^/]+\.)?sqs(-fips)?\.([a-z0-9-]+)\.(vpce\.)?(amazonaws\.com|api\.aws)$#https://sqs.\3.amazonaws.com#' \
    -e 's#^https?://([a-z0-9-]+)\.queue\.amazonaws\.com$#https://sqs.\1.amazonaws.com#'
}

# Names in clear, values only as salted digests; blank values are said to be blank.
docker inspect --type container --format '{{range .Config.Env}}{{println .}}{{end}}' "$container" |
  while IFS= read -r line; do
    name=${line%%=*}
    value=${line#*=}
    case $name in
      R2_ENDPOINT | AWS_ENDPOINT_URL | AWS_ENDPOINT_URL_SQS) value=$(meant "$value") ;;
      AWS_REGION | AWS_DEFAULT_REGION | AWS_ACCESS_KEY_ID) ;;
      R2_ACCESS_KEY | R2_SECRET_KEY | R2_EXCEL_BUCKET | EXCEL_BUCKET_NAME | AI_SQS_QUEUE_NAME_BASIC) ;;
      *) continue ;;
    esac
    if [ -z "$value" ]; then
      echo "env=$name blank"
    else
      echo "env=$name $(printf '%s%s' "$salt" "$value" | sha256sum | cut -d ' ' -f 1)"
    fi
  done

# Of a long line the beginning and the end: AWS says last why it has refused something.
shorten() {
  awk 'length($0) > 600 { $0 = substr($0, 1, 330) " ... " substr($0, length($0) - 249) } { print }'
}

# Each line with its time: what a worker complained of an hour ago need not be true now.
log=$(docker logs --timestamps --tail 4000 "$container" 2>&1)
echo "log_lines=$(printf '%s' "$log" | grep -c '')"
if [ -n "$job" ]; then
  echo 'section=job'
  printf '%s\n' "$log" | grep -F -e "$job" | tail -n 12 | shorten
fi
echo 'section=errors'
printf '%s\n' "$log" | grep -E 'Error|An error occurred|Exception|Traceback|[Dd]enied|No module named|No space left' | tail -n 10 | shorten
echo 'section=tail'
printf '%s\n' "$log" | tail -n 60 | shorten | tail -c 7500
echo
echo 'section=end'
