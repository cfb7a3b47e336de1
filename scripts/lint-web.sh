#!/bin/sh
# Lints the page's TypeScript by the rules of web/deno.json; what types can say is the compiler's job (scripts/build-web.sh).
set -eu
cd "$(dirname "$0")/.."
deno=build/test-python/bin/deno
if [ ! -x "$deno" ]; then
    echo "lint-web: '$deno' is missing; run scripts/setup.sh test" >&2
    exit 1
fi
# Its cache goes nowhere near the user's, and it looks for no newer version: linting needs no network.
DENO_DIR=$PWD/build/deno DENO_NO_UPDATE_CHECK=1 exec "$deno" lint --quiet --config web/deno.json web/src Tests/web/unit
