#!/bin/sh
# Builds libteltel (release) and lays it out for engines:
#   OUT_DIR/lib/libteltel.so.0.1.0 (+ links .so.0, .so), OUT_DIR/lib/libteltel.a, OUT_DIR/include/teltel.h, teltel.hpp
# Only the library's own targets are built.
#   usage: scripts/build-library.sh OUT_DIR [SCRATCH_PATH]     (SCRATCH_PATH: SwiftPM's build folder, default .build-library)
set -eu

out=${1:?usage: build-library.sh OUT_DIR [SCRATCH_PATH]}
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=${2:-$root/.build-library}
version=$("$root/scripts/library-version.sh")
soname=libteltel.so.${version%%.*}

# Frame pointers cost an emit three instructions of about fifty.
build() { swift build --package-path "$root" --scratch-path "$scratch" --omit-frame-pointers -c release "$@"; }
build --product TeltelEmbedded
build --product TeltelEmbeddedStatic
built=$(build --show-bin-path)

mkdir -p "$out/lib" "$out/include"
cp "$root/include/teltel.h" "$root/include/teltel.hpp" "$out/include/"

# Debug sections go: valgrind 3.19 cannot read them, and they are larger than the code.
strip --strip-debug -o "$out/lib/libteltel.so.$version" "$built/libTeltelEmbedded.so"
ln -sf "libteltel.so.$version" "$out/lib/$soname"
ln -sf "$soname" "$out/lib/libteltel.so"

# One object in which only teltel_* is visible: the library's inner names cannot clash with an engine's.
object=$(mktemp -d)/teltel.o
trap 'rm -rf "$(dirname "$object")"' EXIT
ld -r -o "$object" --whole-archive "$built/libTeltelEmbeddedStatic.a"
objcopy --strip-debug --wildcard --keep-global-symbol='teltel_*' "$object"
rm -f "$out/lib/libteltel.a"
ar rcs "$out/lib/libteltel.a" "$object"
