#!/bin/sh
# Stands for `journalctl` on a lab instance: what systemd says of the worker's unit (-u), or what the worker wrote.
container=${0%/*}/../container
[ -e "$container/unit" ] || exit 0
case " $* " in
  *' -u worker.service '*) cat "$container/unit" ;;
  *' _SYSTEMD_UNIT=worker.service '*)
    awk -v file="$container/log" '(getline line <file) > 0 { print $2 " lab docker[1]: " line }' "$container/log.times"
    ;;
esac
