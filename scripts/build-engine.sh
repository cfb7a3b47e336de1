#!/bin/sh
# Builds one of the example engines against the library in BUILD_DIR, and prints its program. Fetches what it simulates with.
#   usage: scripts/build-engine.sh vehicle|robot|flight|swift [BUILD_DIR]
set -eu

engine=${1:?usage: build-engine.sh vehicle|robot|flight|swift [BUILD_DIR]}
root=$(cd "$(dirname "$0")/.." && pwd)
build=${2:-$root/build}
export NO_COLOR=1 # as the Makefile: the compiler's flags stay the same

compile() { # MAKE-VARIABLE...
    make -s -C "$root/examples/$engine" BUILD="$build" "$@" >&2
    echo "$root/examples/$engine/$engine"
}

case $engine in
    vehicle) compile ;;
    robot)
        folder=$("$root/scripts/fetch-engine.sh" mujoco)
        compile MUJOCO="$folder"
        ;;
    flight)
        "$root/scripts/fetch-engine.sh" jsbsim --if-cached >/dev/null || echo "build: JSBSim (minutes, once)" >&2
        folder=$("$root/scripts/fetch-engine.sh" jsbsim)
        compile JSBSIM="$folder"
        ;;
    swift)
        swift build -c release --package-path "$root/examples/swift-sim" --scratch-path "$build/swift-sim" >&2
        echo "$build/swift-sim/release/swift-sim"
        ;;
    *)
        echo "build-engine: no such engine: $engine (vehicle, robot, flight or swift)" >&2
        exit 1
        ;;
esac
