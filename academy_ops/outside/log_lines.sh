# Writes what a container has logged since a moment; of too much, the end. Changes nothing.
# Set before this line: container, job, since.
export LC_ALL=C
log=$(docker logs --timestamps --since "$since" --tail 4000 "$container" 2>&1) || {
  printf '%s\n' "$log" | tail -n 1 >&2
  exit 1
}
if [ -n "$job" ]; then
  log=$(printf '%s\n' "$log" | grep -F -e "$job")
fi
echo "lines=$(printf '%s' "$log" | grep -c '')"
printf '%s\n' "$log" | cut -c -1000 | tail -c 20000
