#!/bin/sh
# Stands for `journalctl` on a lab instance: what systemd says of the worker's unit (-u), or what the worker wrote.
container=${0%/*}/../container
[ -e "$container/unit" ] || exit 0
case " $* " in
  *' -u worker.service '*) cat "$container/unit" ;;
  *' _SYSTEMD_UNIT=worker.service '*) cut -d ' ' -f 2 "$container/log.times" | sed 's/$/ lab docker[1]:/' | paste -d ' ' - "$container/log" ;;
esac
