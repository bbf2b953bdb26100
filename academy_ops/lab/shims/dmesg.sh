#!/bin/sh
# Stands for `dmesg` on a lab instance: the kernel's kills of its worker, in seconds since this machine was started.
here=${0%/*}/..
[ -e "$here/kernel-unread" ] && echo 'dmesg: read kernel buffer failed: Operation not permitted' >&2 && exit 1
echo '[    0.000000] Linux version 6.1 (lab)'
for kills in "$here/container/oom-kills" "$here/container/kernel-kills"; do
  [ ! -s "$kills" ] || awk -v now="$(date +%s)" '
    BEGIN { getline up <"/proc/uptime" }
    { printf "[%12.6f] Out of memory: Killed process 1 (python) total-vm:1kB\n", up - now + $1 }' "$kills"
done
