#!/bin/sh
# Stands for `dmesg` on a lab instance: the kernel's kills of its worker, in seconds since this machine was started.
here=${0%/*}/..
[ -e "$here/kernel-unread" ] && echo 'dmesg: read kernel buffer failed: Operation not permitted' >&2 && exit 1
now=$(date +%s)
uptime=$(cut -d ' ' -f 1 /proc/uptime 2>/dev/null)
echo '[    0.000000] Linux version 6.1 (lab)'
cat "$here/container/oom-kills" "$here/container/kernel-kills" 2>/dev/null | while read -r at; do
  awk -v up="${uptime:-0}" -v ago="$((now - at))" \
    'BEGIN { printf "[%12.6f] Out of memory: Killed process 1 (python) total-vm:1kB\n", up - ago }'
done
