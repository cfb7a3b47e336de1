#!/bin/sh
# Runs all tests on what `make build` made, and sums up. Arguments go to pytest: `--whole` for slow tests in their whole length.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
report=$root/build/test
rm -rf "$report" && mkdir -p "$report"
failed=0
export NO_COLOR=1 # as the Makefile: the compiler's flags stay the same

echo "test: format"
swift format lint --strict -r Package.swift Sources Tests examples || failed=1

echo "test: Swift units"
# The same flags as for the collector: its packages are not built a second time.
swift test -c release --traits Collector --disable-testable-imports --parallel --xunit-output "$report/swift.xml" >"$report/swift.log" 2>&1 || {
    failed=1
    grep -E 'error:|✘|failed' "$report/swift.log" | head -40
}
tail -n 3 "$report/swift.log"

echo "test: page units"
scripts/test-web-unit.sh || failed=1

echo "test: programs, sockets, browser"
# Two files at a time for each core, up to eight, as most of them wait for something most of the time: for a database to start, a disk, a deadline.
# Tests/conftest.py has the order: those that take longest begin first. Short paths: those of sockets may have 107 bytes.
workers=$(($(nproc) < 4 ? 2 * $(nproc) : 8))
folder=$(mktemp -d /tmp/teltel-test-XXXX)
trap 'rm -rf "$folder"' EXIT
build/test-python/bin/python -m pytest Tests -n "$workers" --basetemp="$folder/t" --dist loadfile --no-loadscope-reorder --junitxml="$report/python.xml" -q -p no:cacheprovider "$@" || failed=1

build/test-python/bin/python scripts/test_summary.py "$report" || failed=1
exit "$failed"
