#!/bin/sh
# Stands for `df` on a lab instance: the instance's own disk of 30 GiB, as full as the lab says.
percent=$(cat "${0%/*}/../disk-percent")
used=$((31457280 * percent / 100))
echo 'Filesystem     1024-blocks     Used Available Capacity Mounted on'
echo "/dev/nvme0n1p1    31457280 $used $((31457280 - used)) $percent% /"
