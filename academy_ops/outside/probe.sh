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
# Where the whole host is short of memory, only the kernel says so: how long ago each of its last kills was.
if uptime=$(cut -d ' ' -f 1 /proc/uptime 2>/dev/null) && kernel=$(dmesg 2>/dev/null) && [ -n "$kernel" ]; then
  echo 'kernel=read'
  printf '%s\n' "$kernel" | grep -F 'Killed process' | tail -n 5 |
    awk -F '[][]' -v now="$uptime" '$2 ~ /^ *[0-9.]+$/ { printf "kernel_kill=%d\n", now - $2 }'
fi

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
      DATABASE_URL) value=${value#*://} ;;
      R2_ACCESS_KEY | R2_SECRET_KEY | R2_EXCEL_BUCKET | EXCEL_BUCKET_NAME | AI_SQS_QUEUE_NAME_BASIC) ;;
      *) continue ;;
    esac
    if [ -z "$value" ]; then
      echo "env=$name blank"
    else
      echo "env=$name $(printf '%s%s' "$salt" "$value" | sha256sum | cut -d ' ' -f 1)"
    fi
  done

# Of a long line its beginning and its end, where a service says why, without the words that are cut in two.
short() {
  awk 'length($0) > 900 {
    head = substr($0, 1, 300); sub(/[^ ]*$/, "", head)
    end = substr($0, length($0) - 540); sub(/^[^ ]*/, "", end)
    $0 = head "..." end
  } { print }'
}

# The last of the lines that have room in so many bytes.
last() {
  awk -v room="$1" '{ line[NR] = $0 } END {
    for (n = NR; n > 0 && (room -= length(line[n]) + 1) >= 0; n--);
    while (++n <= NR) print line[n]
  }'
}

# Each line with its time: what a worker complained of an hour ago need not be true now.
log=$(docker logs --timestamps --tail 4000 "$container" 2>&1)
echo "log_lines=$(printf '%s' "$log" | grep -c '')"
if [ -n "$job" ]; then
  echo 'section=job'
  # Below a failure stands its traceback, which does not name the job.
  printf '%s\n' "$log" | awk -v job="$job" '
    index($0, job) { print; below = /[Ff]ailed|FAILED|[Ee]rror|ERROR|[Ee]xception/ ? 60 : 0; next }
    /job_id=/ { below = 0 }
    below-- > 0 { print }
  ' | short | tail -n 150 | last 8000
fi
echo 'section=errors'
printf '%s\n' "$log" |
  grep -E 'Error|An error occurred|Exception|Traceback|[Dd]enied|No module named|No space left|FATAL|SIGKILL|signal 9|BrokenProcess' |
  short | tail -n 12 | last 5000
echo 'section=tail'
printf '%s\n' "$log" | tail -n 60 | short | last 8500
echo
echo 'section=end'
