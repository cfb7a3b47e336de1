#!/bin/sh
# Makes the reference pages: OUT_DIR/c (C and C++, by doxygen) and OUT_DIR/swift (by the toolchain's DocC). Each warning fails.
#   usage: scripts/build-docs.sh OUT_DIR
set -eu

out=${1:?usage: build-docs.sh OUT_DIR}
root=$(cd "$(dirname "$0")/.." && pwd)
command -v doxygen >/dev/null || { echo "build-docs: needs doxygen: scripts/setup.sh docs installs it" >&2; exit 1; }
mkdir -p "$out"
out=$(cd "$out" && pwd)

# Predefined: attributes would hide the functions.
(cd "$root" && doxygen -) <<OPTIONS
PROJECT_NAME = teltel
PROJECT_NUMBER = $("$root/scripts/library-version.sh")
INPUT = include docs/c-reference.md
USE_MDFILE_AS_MAINPAGE = docs/c-reference.md
OUTPUT_DIRECTORY = $out
HTML_OUTPUT = c
GENERATE_LATEX = NO
EXTRACT_ALL = YES
EXTENSION_MAPPING = h=C++
MACRO_EXPANSION = YES
EXPAND_ONLY_PREDEF = YES
PREDEFINED = TELTEL_API= TELTEL_NOEXCEPT= TELTEL_USE_RESULT= __linux__=1 __GNUC__=12 __cplusplus=201703L
JAVADOC_AUTOBRIEF = YES
EXAMPLE_PATH = examples/minimal
HAVE_DOT = NO
QUIET = YES
WARN_AS_ERROR = YES
OPTIONS

# Kept: the compiler writes them only when it has something to compile.
graphs=$root/build/docs-scratch/graphs
[ -d "$graphs" ] || rm -rf "$root/build/docs-scratch"
mkdir -p "$graphs"
swift build --package-path "$root" --scratch-path "$root/build/docs-scratch" --target TeltelSDK -Xswiftc -emit-symbol-graph \
    -Xswiftc -emit-symbol-graph-dir -Xswiftc "$graphs" >"$root/build/docs-scratch.log" 2>&1 || {
    cat "$root/build/docs-scratch.log" >&2
    exit 1
}
# The first page names the program that it shows by its path.
pages=$root/build/docs-scratch/TeltelSDK.docc
rm -rf "$out/swift" "$pages"
mkdir "$pages"
program=examples/minimal/swift/Sources/minimal/main.swift
sed -e "\\|^$program\$|{r $root/$program" -e 'd}' "$root/docs/TeltelSDK.docc/TeltelSDK.md" >"$pages/TeltelSDK.md"
docc convert "$pages" --additional-symbol-graph-dir "$graphs" --fallback-bundle-identifier teltel.TeltelSDK \
    --output-dir "$out/swift" --transform-for-static-hosting --hosting-base-path swift --warnings-as-errors
