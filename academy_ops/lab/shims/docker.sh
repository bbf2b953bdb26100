#!/bin/sh
# Stands for `docker` on a lab instance: answers from the true state of its one container, and changes nothing.
here=${0%/*}/..
container=$here/container

if [ -e "$here/docker-hung" ]; then
  exec sleep 60
fi

# Sets `value` to that of a key in a file.
value() {
  while IFS='	' read -r key value; do
    [ "$key" = "$1" ] && return
  done <"${2:-$container/inspect}"
}
socket=unix:///var/run/docker.sock
value .Server.Version "$here/docker-engine"
release=$value
if [ -e "$here/docker-down" ]; then
  echo
  case $release in
    2[0-8].*) echo "Cannot connect to the Docker daemon at $socket. Is the docker daemon running?" >&2 ;;
    *)
      echo "failed to connect to the docker API at $socket; check if the path is correct and if the daemon is running:" \
        "dial unix ${socket#unix://}: connect: no such file or directory" >&2
      ;;
  esac
  # These end well all the same.
  case $1,$release in info,2[3-7].* | info,28.0.*) exit 0 ;; esac
  exit 1
fi

refuse() {
  echo "docker: the lab does not know: $1" >&2
  exit 1
}

# Whether the log's driver can be read: since 20.10 Docker keeps a copy beside any that can't, unless that is turned off.
readable() {
  value .HostConfig.LogConfig.Type
  case $value in
    json-file | local | journald) ;;
    none) return 1 ;;
    *) value '.HostConfig.LogConfig.Config cache-disabled' && [ "$value" != true ] ;;
  esac
}

# What a unit runs with --rm is there only while it runs.
there() {
  value=running
  [ -d "$container" ] && { [ ! -e "$container/unit" ] || value .State.Status; } && [ "$value" = running ]
}

need_container() {
  there && for known in .ID .Names; do
    value "$known"
    [ "$1" = "$value" ] && return
  done
  [ "$command" = inspect ] && echo
  case $command,$release in
    inspect,20.*) echo "Error: No such container: $1" >&2 ;;
    *) echo "Error response from daemon: No such container: $1" >&2 ;;
  esac
  exit 1
}

# Fills the format, a Go template, from the container's keys and values, as far as templates are used here: values by
# their path, json, printf with a precision, print, index of a map, with, range.
fill() {
  exec awk -F '\t' -v file="$container/inspect" '
    function plain(text) { gsub(/\\n/, "\n", text); gsub(/\\\\/, "\\", text); return text }
    function quoted(text) {
      gsub(/\\/, "\\\\", text); gsub(/"/, "\\\"", text); gsub(/\n/, "\\n", text); gsub(/\t/, "\\t", text)
      return "\"" text "\""
    }
    function expression(e, dot, size) {
      gsub(/^ +| +$/, "", e)
      if (e ~ /^\(.*\)$/) return expression(substr(e, 2, length(e) - 2), dot)
      if (e == "json .State") return value[".State"]
      if (sub(/^json /, "", e)) return quoted(expression(e, dot))
      if (sub(/^print(ln)? /, "", e)) return expression(e, dot)
      if (match(e, /^printf "%\.[0-9]+s" /)) {
        size = substr(e, 11, RLENGTH - 13)
        return substr(expression(substr(e, RLENGTH + 1), dot), 1, size)
      }
      if (sub(/^index /, "", e) || e ~ /^join /) gsub(/"/, "", e)
      if (e == ".") return value[dot]
      if (!(dot e in value)) { print "the lab does not know: {{" e "}}" > "/dev/stderr"; failed = 1; exit 1 }
      return value[dot e]
    }
    function render(text, dot, out, at, tag, rest, depth, body, n) {
      while (at = index(text, "{{")) {
        out = out substr(text, 1, at - 1)
        text = substr(text, at + 2)
        at = index(text, "}}")
        tag = substr(text, 1, at - 1)
        text = substr(text, at + 2)
        if (tag !~ /^(with|range) /) { out = out expression(tag, dot) (tag ~ /^println/ ? "\n" : ""); continue }
        body = ""
        for (depth = 1; depth;) {
          at = index(text, "{{")
          rest = substr(text, at + 2, index(substr(text, at), "}}") - 3)
          depth += rest == "end" ? -1 : rest ~ /^(with|range) /
          body = body substr(text, 1, at - 1) (depth ? "{{" rest "}}" : "")
          text = substr(text, at + length(rest) + 4)
        }
        if (sub(/^with /, "", tag)) { if (value[dot tag] != "") out = out render(body, dot tag); continue }
        sub(/^range /, "", tag)
        for (n = 1; n <= value[dot tag] + 0; n++) out = out render(body, dot tag "." n)
      }
      return out text
    }
    BEGIN {
      while ((getline line < file) > 0) { at = index(line, "\t"); value[substr(line, 1, at - 1)] = plain(substr(line, at + 1)) }
      filled = render(ENVIRON["template"], "")
      if (!failed) print filled
    }'
}

# The lines of the log that are wanted: not before --since, and at most --tail lines from the end.
log() {
  case $since in
    *s) since=$(($(date +%s) - ${since%s})) ;;
    *m) since=$(($(date +%s) - ${since%m} * 60)) ;;
    *h) since=$(($(date +%s) - ${since%h} * 3600)) ;;
  esac
  exec awk -v since="${since:-0}" -v most="$tail" -v timestamps="$timestamps" -v file="$container/log" '
    (getline line <file) < 1 { exit }
    $1 >= since { wanted = 1 }
    wanted { shown[++lines] = (timestamps ? $2 " " : "") line }
    END { for (n = most ~ /^[0-9]+$/ && most < lines ? lines - most + 1 : 1; n <= lines; n++) print shown[n] }
  ' "$container/log.times"
}

command=$1
[ $# -gt 0 ] && shift
[ "$command" = image ] && command="image $1" && shift
format='' filter='' name='' since='' tail='' follow='' timestamps=''
while [ $# -gt 0 ]; do
  case $1 in
    --format | -f) if [ "$command" = logs ]; then follow=-f; else format=$2; shift; fi ;;
    --filter) filter=$2; shift ;;
    --type | --until) shift ;;
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
export template="$format"

case $command in
  version | info)
    key=${format#??}
    value "${key%??}" "$here/docker-engine" || refuse "$format"
    echo "$value"
    ;;
  inspect)
    need_container "$name"
    fill
    ;;
  'image inspect')
    value .Image
    [ "$name" = "$value" ] || refuse "image $name"
    fill
    ;;
  logs)
    need_container "$name"
    if ! readable; then
      echo 'Error response from daemon: configured logging driver does not support reading' >&2
      exit 1
    fi
    [ -n "$follow" ] || log
    [ -z "$since" ] || refuse 'logs --follow --since'
    [ "${tail:-all}" = all ] && tail=+1
    exec tail -n "$tail" -f "$container/log"
    ;;
  events)
    [ "$format" = '{{.Time}} {{.Action}} {{.Actor.ID}}' ] || refuse "events $format"
    [ -d "$container" ] && value .ID && while read -r at; do echo "$at oom $value"; done <"$container/oom-kills"
    exit 0
    ;;
  ps)
    there && [ -z "$filter" ] || exit 0
    [ -z "$format" ] || fill
    value .Names && echo "$value"
    ;;
  exec)
    need_container "$name"
    [ "$1" = true ] || refuse "exec $1"
    value .State.Running
    [ "$value" = true ] || {
      echo "Error response from daemon: container $name is not running" >&2
      exit 1
    }
    ;;
  *) refuse "$command" ;;
esac
