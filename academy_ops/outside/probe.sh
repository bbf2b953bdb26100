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

# Names in clear, values only as salted digests; blank values are said to be blank.
docker inspect --type container --format '{{range .Config.Env}}{{println .}}{{end}}' "$container" |
  while IFS= read -r line; do
    name=${line%%=*}
    value=${line#*=}
    case $name in
      R2_ENDPOINT) value=${value%/} ;;
      R2_ACCESS_KEY | R2_SECRET_KEY | R2_EXCEL_BUCKET | EXCEL_BUCKET_NAME | AI_SQS_QUEUE_NAME_BASIC) ;;
      *) continue ;;
    esac
    if [ -z "$value" ]; then
      echo "env=$name blank"
    else
      echo "env=$name $(printf '%s%s' "$salt" "$value" | sha256sum | cut -d ' ' -f 1)"
    fi
  done

# Each line with its time: what a worker complained of an hour ago need not be true now.
log=$(docker logs --timestamps --tail 4000 "$container" 2>&1)
echo "log_lines=$(printf '%s' "$log" | grep -c '')"
if [ -n "$job" ]; then
  echo 'section=job'
  printf '%s\n' "$log" | grep -F -e "$job" | cut -c -400 | tail -n 15
fi
echo 'section=errors'
printf '%s\n' "$log" | grep -E 'Error|Exception|Traceback|denied|No module named|No space left' | cut -c -400 | tail -n 12
echo 'section=tail'
printf '%s\n' "$log" | tail -n 60 | cut -c -300 | tail -c 9000
echo
echo 'section=end'
