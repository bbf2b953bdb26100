#!/bin/sh
# Stands for `docker` on a lab instance: answers from the true state of its one container, and changes nothing.
here=${0%/*}/..
container=$here/container

if [ -e "$here/docker-down" ]; then
  echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' >&2
  exit 1
fi

refuse() {
  echo "docker: the lab does not know: $1" >&2
  exit 1
}

need_container() {
  if [ ! -d "$container" ] || [ "$1" != "$(cat "$container/name")" ]; then
    echo "Error response from daemon: No such container: $1" >&2
    exit 1
  fi
}

# The first line of the log that is wanted: not before --since, and at most --tail lines from the end.
first_line() {
  total=$(wc -l <"$container/log")
  first=1
  if [ -n "$since" ]; then
    case $since in
      *s) since=$(($(date +%s) - ${since%s})) ;;
      *m) since=$(($(date +%s) - ${since%m} * 60)) ;;
      *h) since=$(($(date +%s) - ${since%h} * 3600)) ;;
    esac
    first=$(awk -v since="$since" '$1 >= since { print NR; found = 1; exit } END { if (!found) print NR + 1 }' \
      "$container/log.times")
  fi
  if [ -n "$tail" ] && [ "$tail" != all ] && [ $((total - tail + 1)) -gt "$first" ]; then
    first=$((total - tail + 1))
  fi
  echo "$first"
}

command=$1
[ $# -gt 0 ] && shift
format='' name='' since='' tail='' follow='' timestamps=''
while [ $# -gt 0 ]; do
  case $1 in
    --format | -f) if [ "$command" = logs ]; then follow=-f; else format=$2; shift; fi ;;
    --type | --until | --filter) shift ;;
    --tail | -n) tail=$2; shift ;;
    --since) since=$2; shift ;;
    --follow) follow=-f ;;
    --timestamps | -t) timestamps=yes ;;
    -a | --all) ;;
    -*) refuse "$1" ;;
    *) name=$1; shift; break ;;
  esac
  shift
done

case $command in
  info)
    [ "$format" = '{{.ServerVersion}}' ] || refuse "info $format"
    echo '27.5.1'
    ;;
  inspect)
    need_container "$name"
    case $format in
      '{{json .State}}') cat "$container/state.json" ;;
      '{{.RestartCount}}') cat "$container/restarts" ;;
      '{{.HostConfig.NetworkMode}}') echo default ;;
      '{{range .Config.Env}}{{println .}}{{end}}') cat "$container/env" && echo ;;
      *) refuse "inspect $format" ;;
    esac
    ;;
  logs)
    need_container "$name"
    if [ -n "$timestamps" ]; then
      cut -d ' ' -f 2 "$container/log.times" | paste -d ' ' - "$container/log" | tail -n "+$(first_line)"
      exit 0
    fi
    exec tail -n "+$(first_line)" $follow "$container/log"
    ;;
  events)
    [ "$format" = '{{.Time}}' ] || refuse "events $format"
    cat "$container/oom-kills"
    ;;
  ps)
    [ -d "$container" ] && cat "$container/name"
    exit 0
    ;;
  exec)
    need_container "$name"
    [ "$1" = true ] || refuse "exec $1"
    grep -q '"Running":true' "$container/state.json" || {
      echo "Error response from daemon: container $name is not running" >&2
      exit 1
    }
    ;;
  *) refuse "$command" ;;
esac
