# Reads the state of one container and the end of its log; where there is none, the end of the host's boot logs.
# Changes nothing. Set before this line: container, job, salt.
export LC_ALL=C PATH="$PATH:/snap/bin"
files=${ACADEMY_HOST_FILES-} # set where a lab stands for the host
set -- "$files"/run/user/*/docker.sock # of rootless engines
# From here on an unquoted text is its lines, without blank ones.
set -f
IFS='
'
newline=$IFS
say() { printf '%s\n' "$1"; } # an echo may read backslashes
say 'probe=2'
root='' worker_unit='' failed='' written=''

# Runs a command for at most so many seconds, in place of the subshell that calls it: what hangs must not cost what was
# read before.
if clock=$(timeout -k 1 1 date +%s 2>/dev/null); then
  bounded() { exec timeout -k 1 "$@"; }
else
  clock=$(date +%s)
  bounded() { shift && exec "$@"; }
fi
say "clock=$clock"
hung() { [ "$1" = 124 ] || [ "$1" = 137 ] || [ "$1" = 143 ]; }
# What a failed command said: its last line, of which the beginning.
said() {
  for line in $2; do :; done
  printf '%s=%.400s\n' "$1" "${2:+$line}"
}

# How full the disk is that holds Docker's data, in bytes and in inodes; nothing where df can't tell.
disk() {
  { (bounded 3 df -P "$root"); (bounded 3 df -Pi "$root"); } 2>/dev/null |
    awk -v root="$root" -v mounts="$files/proc/mounts" '
      $1 == "Filesystem" { what = $2 == "Inodes" ? "inodes" : "disk"; next }
      { at = $6; if (sub("%", "", $5)) percent[what] = $5 }
      END {
        print "disk_percent=" percent["disk"] "\ninodes_percent=" percent["inodes"] "\ndisk_path=" root
        while ((getline <mounts) > 0) if ($2 == at) ro = $4 ~ /^ro(,|$)/
        if (ro) print "disk_read_only=yes"
      }'
}

# The last of the lines that have room in so many bytes.
show='
  function show(section, lines, last, most, room, n) {
    print "section=" section
    for (n = last; n > 0 && n > last - most && (room -= length(lines[n]) + 1) >= 0; n--);
    while (++n <= last) print lines[n]
  }'

# The end of a boot log; of a long line its beginning and its end, where a service says why. Secrets that a boot script
# has traced don't leave the host.
boot_log() {
  [ -r "$files$2" ] || return 0
  tail -c 200000 "$files$2" | tr -d '\r' | sed -E \
    -e 's/((KEY|DATABASE_URL)[A-Za-z_]*["'\'']?[=:] *)["'\'']?[^[:space:]]+/\1***/g' \
    -e 's/((secret|passw(or)?d|token)[a-z_]*["'\'']?[=:] *)["'\'']?[^[:space:]]+/\1***/gI' \
    -e 's/((--password|-p) +)[^[:space:]-][^[:space:]]*/\1***/g' -e 's/[A-Za-z0-9+/=_-]{120,}/***/g' |
    awk -v section="$1" "$show"'
      length($0) > 900 { $0 = substr($0, 1, 300) "..." substr($0, length($0) - 540) }
      { line[NR] = $0; delete line[NR - 60] }
      END { show(section, line, NR, 60, 9000) }'
}
boot() {
  if [ -e "$files/var/lib/cloud/instance/boot-finished" ]; then
    say 'boot=finished'
  elif [ -d "$files/run/cloud-init" ]; then
    say 'boot=running'
  fi
  if [ -n "$worker_unit" ]; then
    # Where a unit starts the worker, the boot did its part.
    kernel
    show_log journal_lines
  else
    boot_log user-data /var/log/academy-worker-userdata.log
    boot_log cloud-init /var/log/cloud-init-output.log
  fi
  say 'section=end'
}

# Where the whole host is short of memory, only the kernel says so: how long ago each of its kills was.
kernel() {
  dmesg 2>/dev/null | awk -F '[][]' '
    /Killed process/ && $2 ~ /^ *[0-9.]+$/ { kill[++kills] = $2 }
    END {
      if (!NR || (getline now <"/proc/uptime") < 1) exit
      print "kernel=read"
      for (n = kills > 5 ? kills - 4 : 1; n <= kills; n++) printf "kernel_kill=%d\n", now - kill[n]
    }'
}

# A container that ends with its run is removed at once; the unit of systemd that runs it stays, and its journal holds
# what the container wrote. A unit of that name comes before one that runs or starts it, and that before any other.
unit_of() {
  # Of units that ended well only those stay in memory that something wants; one that is named is looked up.
  bounded 3 systemctl show '*.service' "$1.service" -p Id -p LoadState -p ActiveState -p ExecMainStatus -p ExecStart \
    2>/dev/null | tr -d '\r' | awk -v name="$1" -v RS= -F '\n' '
    {
      delete of
      for (n = 1; n <= NF; n++) { at = index($n, "="); key = substr($n, 1, at - 1); of[key] = of[key] substr($n, at + 1) }
      if (of["Id"] !~ /^[A-Za-z0-9:_.@-]+$/ || of["LoadState"] == "not-found") next
      rank = of["Id"] == name ".service" ? 3 : 0
      if (!rank && (" " of["ExecStart"] " ") ~ "[^A-Za-z0-9_.-]" name "[^A-Za-z0-9_.-]")
        rank = of["ExecStart"] ~ / (run|start|up) / ? 2 : of["ExecStart"] !~ / (logs|wait|stop|exec|events) /
      if (rank > best) {
        best = rank
        told = of["Id"] "\nunit_active=" of["ActiveState"] "\nunit_status=" of["ExecMainStatus"]
      }
    }
    END { if (best) print told }'
}
journal() { bounded 5 journalctl --no-pager -o short-iso -n 4000 "$@" 2>/dev/null; }
# How often it has failed in half an hour, and when last; a container that ends well is no failure.
unit() {
  told=$(unit_of "$1")
  [ -n "$told" ] || return 0
  worker_unit=${told%%"$newline"*}
  failed=$(journal -u "$worker_unit" --since '30 minutes ago' | awk '
    /[Mm]ain process exited, code=(killed|dumped|exited, status=[1-9])/ { count++; at = $1 }
    END { print "unit_failures=" count + 0 "\nunit_failed=" at }')
  say "worker_unit=$told
$failed"
}

# The log, each line with its time: what a worker complained of an hour ago need not be true now. A line of the log
# begins with that time; any other is Docker's own word. Behind a corrupt entry of its file Docker reads no more, and
# says nothing: the time of the last entry tells.
show_log() {
  {
    ("$@")
    printf '\n%s %s\n' "$salt" "$?"
  } 2>&1 | awk -v salt="$salt" -v job="$job" -v written="$written" "$show"'
    # Of a long line its beginning and its end, where a service says why, without the words that are cut in two.
    function short(line, head, end) {
      if (length(line) <= 900) return line
      head = substr(line, 1, 300); sub(/[^ ]*$/, "", head)
      end = substr(line, length(line) - 540); sub(/^[^ ]*/, "", end)
      return head "..." end
    }
    BEGIN { mine = "(^|[^A-Za-z0-9_-])" job "([^A-Za-z0-9_-]|$)" }
    $1 == salt { status = $2; next }
    !/^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T/ { if ($0 != "") word = $0; next }
    {
      count++
      gsub(/\r/, "")
      kept = short($0)
      at = $1
      tail[count] = kept; delete tail[count - 60]
      lower = tolower($0)
    }
    lower ~ /error|exception|traceback|denied|refused|fail|fatal|no module named|no space left|sigkill|signal 9|brokenprocess|killed|memory|credential|signature|not authorized|expired|time.?out|timed out/ ||
    lower ~ /unreachable|no route|resolv|not known|too many|slots|limit|does ?n.t exist|does not exist|no such|unknown (col|tab|data)|undefined|gone away|lost connection|clos(ed|ing)|reset by peer|broken pipe|terminat/ ||
    lower ~ /accepting conn|starting up|shutting down|recovery|password|pg_hba|locked|read-only|is full|disk ?full|invalid|kms|skew|token/ ||
    lower ~ /could not|cannot|can.t |not found|deadlock|syscall|not yet|too long|exit/ ||
    /실패|오류|거부|초과|부족|수 없|읽기 ?전용/ {
      errors[++found] = kept; delete errors[found - 20]
    }
    job == "" { next }
    # Below a failure stands its traceback, which does not name the job.
    $0 ~ mine { of_job[++jobs] = kept; below = lower ~ /fail|error|exception/ ? 60 : 0; delete of_job[jobs - 150]; next }
    /job_id.?[=:]/ { below = 0 }
    below-- > 0 { of_job[++jobs] = kept; delete of_job[jobs - 150] }
    END {
      if (!status && word ~ /error from daemon in stream|[Ee]rror grabbing logs/) status = 1
      if (!status && substr(at, 1, 19) < substr(written, 1, 19)) { status = 1; word = "its file is corrupt" }
      if (status != 0) printf "log_status=%d\nlog_error=%.400s\n", status, word
      print "log_lines=" count + 0
      if (job != "") show("job", of_job, jobs, 150, 8000)
      show("errors", errors, found, 20, 5000)
      show("tail", tail, count, 60, 7000)
    }'
}
# What the unit's processes wrote, without the names of host and program that stand before each line.
journal_lines() { journal "_SYSTEMD_UNIT=$worker_unit" | sed -E 's/^([0-9]{4}-[^ ]+) [^ ]+ [^ ]+: /\1 /'; }

# Docker. Where its socket is systemd's, whoever asks starts Docker, and the worker with it: systemd is asked first.
[ -r /etc/docker/daemon.json ] && root=$(sed -n 's/.*"data-root" *: *"\([^"]*\)".*/\1/p' /etc/docker/daemon.json)
root=${root:-/var/lib/docker}
[ -d "$root" ] || root=/var/lib/containers # Podman, by Docker's name
[ -d "$root" ] || root=/
if ! command -v docker >/dev/null 2>&1; then
  docker=missing
elif [ "$(bounded 3 systemctl is-active docker.service 2>/dev/null)" != active ] &&
  [ "$(bounded 3 systemctl is-active docker.socket 2>/dev/null)" = active ]; then
  docker=down
else
  # Some clients end well although no server has answered: its version is what tells.
  # One that was built from source says a word, such as dev; complaints have more than one.
  read_version() {
    version=''
    for line in $1; do
      case $line in [!0-9A-Za-z]* | *[!0-9A-Za-z.+~_-]*) ;; *) version=$line ;; esac
    done
  }
  answer=$(bounded 5 docker version --format '{{.Server.Version}}' 2>&1)
  status=$?
  read_version "$answer"
  # A rootless engine has its socket at its user's.
  hung "$status" || for socket; do
    [ -z "$version" ] && [ -S "$socket" ] || continue
    read_version "$(export DOCKER_HOST="unix://$socket" && bounded 3 docker version --format '{{.Server.Version}}' 2>&1)"
    [ -n "$version" ] && export DOCKER_HOST="unix://$socket"
  done
  case $answer in
    *'ermission denied while trying to connect'*) docker=unreadable ;;
    *daemon*running* | *'dial unix'* | *'connection refused'*) docker=down ;;
    *) docker=unreadable ;;
  esac
  [ -n "$version" ] && docker=up
  # A shell may say in a word of its own that the client was killed.
  hung "$status" && docker=hung
fi
say "docker=$docker"
if [ "$docker" != up ]; then
  [ "$docker" = missing ] || said docker_error "$answer"
  disk
  boot
  exit 0
fi
data=$(bounded 3 docker info --format '{{.DockerRootDir}}' 2>/dev/null)
[ -d "$data" ] && root=$data
disk

# Everything of the container at once: between two questions it may be gone. The salt, which nobody could know who
# has written a value, stands before each variable; a value may have many lines.
fields="id={{.ID}}
name={{.Name}}
status={{.State.Status}}
exit_code={{.State.ExitCode}}
oom_killed={{.State.OOMKilled}}
error={{json (printf \"%.500s\" .State.Error)}}
created={{json .Created}}
started={{json .State.StartedAt}}
finished={{json .State.FinishedAt}}
restarts={{.RestartCount}}
restart_policy={{.HostConfig.RestartPolicy.Name}}
network={{.HostConfig.NetworkMode}}
memory_limit={{.HostConfig.Memory}}
image={{.Image}}
image_name={{json .Config.Image}}
command={{json .Path}}
arguments={{json (printf \"%.300s\" (print .Args))}}
log_driver={{.HostConfig.LogConfig.Type}}
log_group={{json (index .HostConfig.LogConfig.Config \"awslogs-group\")}}
log_region={{json (index .HostConfig.LogConfig.Config \"awslogs-region\")}}
log_stream={{json (index .HostConfig.LogConfig.Config \"awslogs-stream\")}}
log_cache_off={{json (index .HostConfig.LogConfig.Config \"cache-disabled\")}}{{with .State.Health}}
health={{.Status}}{{range .Log}}
health_said={{json (printf \"%.200s\" .Output)}}{{end}}{{end}}{{range .Config.Env}}
$salt {{.}}{{end}}
$salt"
inspect() {
  seen=$(bounded 5 docker inspect --type container --format "$fields" "$1" 2>&1)
  status=$?
}
inspect "$container"
case $status,$seen in
  0,*) ;;
  *[Nn]'o such container'* | *[Nn]'o such object'*)
    # It may go by another name: that of compose, of Swarm or of a unit. A number or a digest at its end is one of many;
    # other words may be those of a helper beside it.
    others=$(bounded 5 docker ps -a --format '{{.Names}} {{.State}} {{.Image}}' 2>/dev/null)
    other=$(bounded 5 docker ps -a --filter "label=com.docker.compose.service=$container" --format '{{.Names}}' 2>/dev/null)
    other=$(say "$others" | awk -v name="$container" -v service="${other%%"$newline"*}" '
      $1 == service { own = $1 }
      at = index($1, name) {
        rest = substr($1, at + length(name))
        if (rest == "" || rest ~ /^[._-][0-9a-f]*[0-9][0-9a-f]*$/ || rest ~ /^\.[0-9]+\./) alike = alike ? alike : $1
        any = any ? any : $1
      }
      END { print own ? own : alike ? alike : any }')
    [ -n "$other" ] && inspect "$other"
    ;;
esac
if hung "$status"; then
  say 'container=hung'
  boot
  exit 0
fi
if [ "$status" != 0 ]; then
  case $seen in
    *[Nn]'o such container'* | *[Nn]'o such object'*)
      say 'container=missing'
      [ -n "$others" ] && say "$others" | awk 'NR <= 10 { print "other=" substr($0, 1, 200) }'
      unit "$container"
      ;;
    *)
      say 'container=unreadable'
      said container_error "$seen"
      ;;
  esac
  boot
  exit 0
fi
say 'container=present'
fields=${seen%%"$newline$salt"*}
say "$fields"
for line in $fields; do
  value=${line#*=}
  case ${line%%=*} in id) id=$value ;; name) name=${value#/} ;; image) image=$value ;; restart_policy) policy=$value ;; esac
done
said image_digest "$(bounded 3 docker image inspect --format '{{join .RepoDigests " "}}' "$image" 2>/dev/null)"

# An address as it is compared: without its default port and a trailing slash; each name of SQS in a region is one of many.
normalized() {
  say "$1" | sed -E -e y/ABCDEFGHIJKLMNOPQRSTUVWXYZ/abcdefghijklmnopqrstuvwxyz/ -e 's#/$##' \
    -e 's#^(https://[^/:]+):443(/|$)#\1\2#' -e 's#^(http://[^/:]+):80(/|$)#\1\2#' \
    -e 's#^https?://([^/]+\.)?sqs(-fips)?\.([a-z0-9-]+)\.(vpce\.)?(amazonaws\.com|api\.aws)$#https://sqs.\3.amazonaws.com#' \
    -e 's#^https?://([a-z0-9-]+)\.queue\.amazonaws\.com$#https://sqs.\1.amazonaws.com#'
}
# A variable's name in clear, its value only as a salted digest; a blank value is said to be blank, spaces of Unicode too.
# The names of queues, buckets, regions and endpoints are no secret: they are shown where they differ from the API's.
variable() {
  name=${1%%=*}
  value=${1#*=}
  case $name in
    R2_ENDPOINT | AWS_ENDPOINT_URL | AWS_ENDPOINT_URL_SQS) value=$(normalized "$value") ;;
    AWS_REGION | AWS_DEFAULT_REGION | AWS_ACCESS_KEY_ID) ;;
    DATABASE_URL) value=${value#*://} ;;
    R2_ACCESS_KEY | R2_SECRET_KEY | R2_EXCEL_BUCKET | EXCEL_BUCKET_NAME | AI_SQS_QUEUE_NAME_*) ;;
    *) return ;;
  esac
  case $value in
    *[[:graph:]]*) some=yes ;;
    *) some=$(say "$value" | tr -d '\t-\r\034-\037 ' | sed "s/$(printf '\302[\205\240]\\|\343\200\200')//g") ;;
  esac
  if [ -z "$some" ]; then
    say "env=$name blank"
  else
    digest=$(printf '%s%s' "$salt" "$value" | sha256sum)
    say "env=$name ${digest%% *}"
    case $name in
      DATABASE_URL | *_KEY | *_KEY_ID) ;;
      *) case $value in *[!A-Za-z0-9._:/-]*) ;; *) say "named=$name $value" ;; esac ;;
    esac
  fi
}
entry=''
say "$seen" | while IFS= read -r line; do
  case $line in
    "$salt"*) variable "$entry" && entry=${line#"$salt"} && entry=${entry# } ;;
    *) entry="$entry
$line" ;;
  esac
done

# Of kills for lack of memory, a restart clears the container's own flag. The daemon remembers some events, of all
# containers.
bounded 3 docker events --since 10m --until 0s --format '{{.Time}} {{.Action}} {{.Actor.ID}}' 2>/dev/null |
  awk -v id="$id" '
    $2 == "oom" && $3 == id { kill[++kills] = $1 }
    END { for (n = kills > 10 ? kills - 9 : 1; n <= kills; n++) print "oom_kill=" kill[n] }'
kernel

# Docker restarts a container by its policy; one without a policy may be a unit's.
[ "${policy:-no}" != no ] || unit "$name"
case $failed in
  unit_failures=[1-9]*)
    # That of the run before, too, which has failed.
    show_log journal_lines
    ;;
  *)
    log=$root/containers/$id/$id-json.log
    [ -r "$log" ] && written=$(tail -n 1 "$log" | sed -n 's/.*"time":"\([^"]*\)"}$/\1/p')
    show_log bounded 6 docker logs --timestamps --tail 4000 "$id"
    ;;
esac
say 'section=end'
