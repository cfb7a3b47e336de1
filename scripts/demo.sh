#!/bin/sh
# Starts the collector with embedded storage and the vehicle simulation, prints the URL; Ctrl-C stops both.
# PORT=0 takes any free port. DEMO_SECONDS limits the simulation (default: 300).
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
log=$(mktemp)
collector=
vehicle=

stop() {
    trap - EXIT INT TERM
    [ -z "$vehicle" ] || kill "$vehicle" 2>/dev/null || true
    [ -z "$collector" ] || kill "$collector" 2>/dev/null || true
    wait
    rm -f "$log"
}
trap 'stop; exit 0' INT TERM
trap stop EXIT

"$root/build/bin/teltel" collect --port "${PORT:-8080}" >"$log" 2>&1 &
collector=$!
url=
while [ -z "$url" ]; do
    kill -0 "$collector" 2>/dev/null || { cat "$log" >&2; exit 1; }
    url=$(sed -n 's/^url *//p' "$log")
    [ -n "$url" ] || sleep 0.1
done
cat "$log"

"$root/examples/vehicle/vehicle" --realtime --seconds "${DEMO_SECONDS:-300}" --run-id "demo-$(date +%H%M%S)" >/dev/null &
vehicle=$!
printf '\n  A Bullet vehicle is driving. Watch it:  %s\n  Ctrl-C stops everything.\n\n' "$url"
wait "$vehicle" || true
vehicle=
echo "The vehicle has arrived; its run stays in the list. Ctrl-C stops the collector."
tail -n +1 -f "$log" --pid="$collector" >/dev/null &
wait "$collector"
