#!/bin/sh
# Runs the unit tests of the web interface's pure functions: needs esbuild and node (a dependency of tsc), prints
# "N passed, N failed" and fails if any test does.
set -eu
cd "$(dirname "$0")/.."
bundle=$(mktemp -d)
trap 'rm -rf "$bundle"' EXIT
esbuild Tests/web/unit/main.ts --bundle --platform=node --log-level=warning --outfile="$bundle/tests.js"
node "$bundle/tests.js"
