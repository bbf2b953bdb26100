#!/bin/sh
# Stands for `systemctl` on a lab instance, whose Docker is started by its socket, too, and whose worker by a unit where
# the lab says so.
here=${0%/*}/..
case $1,$2 in
  is-active,docker.service)
    if [ -e "$here/docker-down" ]; then
      echo inactive
      exit 3
    fi
    echo active
    ;;
  is-active,*) echo active ;;
  show,*)
    [ -e "$here/container/unit" ] || exit 0
    awk -F '\t' '
      { value[$1] = $2 }
      END {
        sub("^/", "", value[".Name"])
        runs = value[".State.Running"] == "true" && value[".State.Restarting"] != "true"
        ended = value[".State.Status"] == "exited"
        print "Result=" (runs ? "success" : "exit-code")
        print "ExecMainStatus=" value[".State.ExitCode"]
        print "ExecStart={ path=/usr/bin/docker ; argv[]=/usr/bin/docker run --rm --name " value[".Name"] " --env-file /opt/workers.env worker ; ignore_errors=no ; }"
        print "Id=worker.service"
        print "ActiveState=" (runs ? "active" : ended ? "failed" : "activating")
        print "SubState=" (runs ? "running" : ended ? "failed" : "auto-restart")
      }' "$here/container/inspect"
    ;;
  *) exit 1 ;;
esac
