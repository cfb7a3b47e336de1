#!/bin/sh
# Installs what a fresh Debian 12 with the Swift toolchain lacks. Quick when nothing is missing; says what it installs.
#   usage: scripts/setup.sh build|test|docs|bench
#     build  what `make build` and `make demo` need      test  also what `make test` needs      docs  also what `make docs` needs
#     bench  what `make bench-emit` compares with
set -eu

kind=${1:-build}
root=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/teltel

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

[ "$(uname -s)" = Linux ] || fail "teltel runs on Linux only"
command -v swift >/dev/null || fail "no Swift toolchain: install Swift 6.3 or later from https://www.swift.org/install/linux/ and put it on PATH"

packages="g++ make pkg-config binutils util-linux python3 python3-pip python3-venv zlib1g-dev libzstd-dev libcurl4-openssl-dev libsqlite3-dev libxxhash-dev
    libsimdjson-dev libfmt-dev libbullet-dev esbuild node-typescript"
[ "$kind" = test ] && packages="$packages clang chromium valgrind procps cmake groff-base doxygen openssl"
[ "$kind" = bench ] && packages="$packages libboost-dev libspdlog-dev libreaderwriterqueue-dev liblttng-ust-dev lttng-tools"
[ "$kind" = docs ] && packages="$packages doxygen"

missing=
for package in $packages; do
    # A tool that stands on PATH is as good as its package.
    case $package in
        g++ | make | pkg-config | esbuild | clang | chromium | valgrind | cmake | doxygen | openssl) command -v "$package" >/dev/null && continue ;;
        python3) command -v python3 >/dev/null && continue ;;
        python3-pip) python3 -m pip --version >/dev/null 2>&1 && continue ;;
        python3-venv) python3 -c 'import ensurepip' >/dev/null 2>&1 && continue ;;
        node-typescript) command -v tsc >/dev/null && continue ;;
    esac
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done

as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || fail "needs these Debian packages:$missing"
    command -v "${as_root:-env}" >/dev/null || fail "needs these Debian packages, and there is no sudo:$missing"
    say "installing Debian packages:$missing"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086  # a list of words
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

say "embedded ClickHouse"
"$root/scripts/fetch-clickhouse.sh" >/dev/null

if [ "$kind" = test ]; then
    say "engines of the examples (the first time takes a minute or two)"
    "$root/scripts/fetch-engine.sh" mujoco >/dev/null
    "$root/scripts/fetch-engine.sh" jsbsim >/dev/null || say "no JSBSim: the tests of the flight example are skipped"

    # Beside the other fetched things, named by its contents: a second clone does not fetch again.
    venv=$cache/test-$(sha256sum "$root/Tests/requirements.txt" | cut -c1-16)
    if [ ! -e "$venv/ready" ]; then
        say "installing the tests' Python packages"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: \
            -r "$root/Tests/requirements.txt"
        touch "$venv/ready"
    fi
    # For /metrics: one program out of Debian's package, because installing it would start a server.
    promtool=$cache/prometheus-2.42.0/promtool
    if ! command -v promtool >/dev/null && [ ! -x "$promtool" ]; then
        command -v apt-get >/dev/null || fail "needs promtool on PATH (part of Prometheus)"
        say "fetching promtool"
        fetched=$(mktemp -d "$cache/promtool.XXXXXX")
        trap 'rm -rf "$fetched"' EXIT
        # The star is Debian's own revision: its servers keep the newest only. Run as root, apt complains that it cannot step down.
        download() { (cd "$fetched" && apt-get download -qq -o APT::Sandbox::User=root 'prometheus=2.42.0*' >/dev/null 2>&1); }
        download || { $as_root apt-get update -qq && download; } || fail "could not download promtool (Debian package prometheus)"
        dpkg --fsys-tarfile "$fetched"/prometheus_*.deb | tar -x -C "$fetched" ./usr/bin/promtool
        mkdir -p "$(dirname "$promtool")"
        mv "$fetched/usr/bin/promtool" "$promtool"
    fi
    mkdir -p "$root/build"
    ln -sfn "$venv" "$root/build/test-python"
fi
if [ "$kind" = bench ]; then
    modules=$cache/bench-$(sha256sum "$root/Benchmarks/requirements.txt" | cut -c1-16)
    if [ ! -e "$modules/ready" ]; then
        say "installing the benchmarks' Python package"
        rm -rf "$modules"
        if python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes --no-deps \
            --only-binary=:all: --target "$modules" -r "$root/Benchmarks/requirements.txt"; then
            touch "$modules/ready"
        else
            say "no HdrHistogram for this Python: values are sorted instead"
        fi
    fi
    mkdir -p "$root/build"
    ln -sfn "$modules" "$root/build/bench-python"
fi
say "ready"
