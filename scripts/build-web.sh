#!/bin/sh
# Builds the web interface: scripts/build-web.sh [--unchecked] OUT
#
# --unchecked leaves the types to somebody else.
# Writes OUT/index.html, app.js, worker.js, app.css, login.css, uPlot.js, uPlot.css, icon.svg and licenses.txt. Needs esbuild, tsc and, for the
# first build on a machine, pip with network access: uPlot is fetched by hash into $XDG_CACHE_HOME/teltel and kept there.
set -eu

checked=yes
if [ "${1:-}" = --unchecked ]; then
    checked=no
    shift
fi
if [ $# -ne 1 ]; then
    echo "usage: $0 [--unchecked] OUT" >&2
    exit 2
fi
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."

for tool in esbuild tsc python3; do
    if ! command -v "$tool" >/dev/null; then
        echo "build-web: '$tool' is missing; on Debian: apt install esbuild node-typescript python3-pip" >&2
        exit 1
    fi
done

cache=${XDG_CACHE_HOME:-$HOME/.cache}/teltel/uplot-1.6.16
sums=$PWD/web/vendor/uplot-files.sha256
if ! (cd "$cache" 2>/dev/null && sha256sum --check --status "$sums" 2>/dev/null); then
    # Unpacked next to its place and moved there whole, so that a broken fetch leaves nothing behind that looks complete.
    mkdir -p "$(dirname "$cache")"
    fetched=$(mktemp -d "$cache.XXXXXX")
    trap 'rm -rf "$fetched"' EXIT
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --dest "$fetched" -r web/vendor/uplot-requirements.txt
    python3 -m zipfile -e "$fetched"/*.whl "$fetched"
    (cd "$fetched" && sha256sum --check --quiet "$sums")
    rm -rf "$cache"
    mv "$fetched" "$cache"
fi

[ $checked = no ] || tsc -p web
esbuild web/src/main.ts --bundle --minify --target=es2021 --format=iife --log-level=warning --outfile="$out/app.js"
esbuild web/src/worker/main.ts --bundle --minify --target=es2021 --format=iife --log-level=warning --outfile="$out/worker.js"
esbuild web/styles/app.css --bundle --minify --log-level=warning --outfile="$out/app.css"
esbuild web/styles/login.css --minify --log-level=warning --outfile="$out/login.css"
esbuild "$cache/uplot/static/uPlot.iife.js" --minify --log-level=warning --outfile="$out/uPlot.js"
cp "$cache/uplot/static/uPlot.min.css" "$out/uPlot.css"
cp web/index.html web/icon.svg web/licenses.txt "$out/"
