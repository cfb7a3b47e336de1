#!/bin/sh
# Starts the collector with embedded storage and an example engine, prints the URL; Ctrl-C or SIGTERM stops both.
#   usage: scripts/demo.sh [vehicle|robot|flight|swift]
# PORT=0 takes any free port. DEMO_SECONDS limits the simulation (default: 300).
set -eu

# A script's background job ignores Ctrl-C from birth, and a shell cannot take that back: once more, with signals as they should be.
[ "${1:-}" = --signals-are-set ] || exec env --default-signal=INT,TERM,HUP "$0" --signals-are-set "$@"
shift

root=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-vehicle} in
    vehicle) what="A Bullet vehicle is driving" ;;
    robot) what="A MuJoCo buggy is driving" ;;
    flight) what="A JSBSim aircraft is flying" ;;
    swift) what="Double pendulums are swinging" ;;
esac
program=$("$root/scripts/build-engine.sh" "${1:-vehicle}")
log=$(mktemp)
collector=
engine=

stop() {
    trap - EXIT INT TERM HUP
    [ -z "$engine" ] || kill "$engine" 2>/dev/null || true
    [ -z "$collector" ] || kill "$collector" 2>/dev/null || true
    wait
    rm -f "$log"
}
trap 'stop; exit 0' INT TERM HUP
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

"$program" --realtime --seconds "${DEMO_SECONDS:-300}" --run-id "demo-$(date +%H%M%S)" >/dev/null &
engine=$!
printf '\n  %s. Watch it:  %s\n  Ctrl-C stops everything.\n\n' "$what" "$url"
wait "$engine" || true
engine=
echo "The simulation has ended; its run stays in the list. Ctrl-C stops the collector."
tail -n +1 -f "$log" --pid="$collector" >/dev/null &
wait "$collector"
