#!/bin/sh
# Stands for a program that the user data calls, by the name it is called by; BOOT is the folder of this boot.
# Where a step is to fail, fails/<step> holds what the real program says then.
does() {
  [ -f "$BOOT/fails/$1" ] || return 0
  cat "$BOOT/fails/$1" >&2
  exit 1
}
case "${0##*/} ${1-} ${2-}" in
  curl*)
    does metadata
    case "$*" in *api/token) echo token ;; *) read -r instance <"$BOOT/instance" && echo "$instance" ;; esac
    ;;
  dnf*) does packages && cp "$0" "${0%/*}/docker" && echo 'Complete!' ;;
  'aws ecr '*) does login && echo password ;;
  'aws ssm '*) does parameter && cat "$BOOT/parameter" ;;
  'docker login '*)
    read -r _ || { echo 'Error: Cannot perform an interactive login from a non TTY device' >&2 && exit 1; }
    echo 'Login Succeeded'
    ;;
  'docker pull '*) does pull && echo "Status: Downloaded newer image for $2" ;;
  'docker run '*) does run && printf '%s\n' "$@" >"$BOOT/run" && echo 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef ;;
  *) exit 64 ;;
esac
