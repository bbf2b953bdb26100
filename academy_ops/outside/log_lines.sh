# Writes what a container has logged since a moment; of too much, the end. Changes nothing.
# Set before this line: container, job, since.
export LC_ALL=C
set -- docker logs --timestamps --since "$since" --tail 20000 "$container"
timeout -k 1 1 true 2>/dev/null && set -- timeout -k 1 15 "$@"
{
  "$@" 2>&1
  printf '\nstatus %s\n' "$?"
} | awk -v job="$job" '
  BEGIN { mine = "(^|[^A-Za-z0-9_-])" job "([^A-Za-z0-9_-]|$)" }
  $1 == "status" && NF == 2 { status = $2; next }
  !/^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T/ { if ($0 != "") word = $0; next }
  job == "" || $0 ~ mine {
    gsub(/\r/, "")
    line[++count] = substr($0, 1, 1000)
    delete line[count - 2000]
  }
  END {
    if (status != 0 && !count) {
      print word > "/dev/stderr"
      exit 1
    }
    print "lines=" count + 0
    for (n = count; n > 0 && n > count - 2000 && (room += length(line[n]) + 1) <= 20000; n--);
    while (++n <= count) print line[n]
  }'
