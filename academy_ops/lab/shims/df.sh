#!/bin/sh
# Stands for `df` on a lab instance: the instance's own disk of 30 GiB, as full as the lab says, in bytes or in inodes.
here=${0%/*}/..
case $1 in
  *i*) read -r percent <"$here/inodes-percent" && what=Inodes ;;
  *) read -r percent <"$here/disk-percent" && what=1024-blocks ;;
esac
used=$((31457280 * percent / 100))
echo "Filesystem     $what     Used Available Capacity Mounted on"
echo "/dev/nvme0n1p1    31457280 $used $((31457280 - used)) $percent% /"
