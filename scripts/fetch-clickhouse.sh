#!/bin/sh
# Fetches ClickHouse as a library (PyPI package chdb-core, Apache-2.0) into the user's cache, where the collector looks for it:
#     ${XDG_CACHE_HOME:-~/.cache}/teltel/chdb-core-<version>/chdb/_chdb.abi3.so
# The download is checked against a fixed hash. Does nothing when the library is there. Safe to run twice at once: the second
# run waits for the first. Prints the library's path on success; exits 1 with one line of reason otherwise.
set -eu

version=26.9.0
# sha256 of the wheels for the two machines; pip refuses any other file.
hash_x86_64=707e2ec3fe0f7953bac97942eaeb7a1ed1d66b1e56ecef3f0aa2130f61f6e735
hash_aarch64=46148d3fc1edd6d6f701922be0f18e2aa6e60349e418b430e69bbb87ab6b95a9

fail() {
    echo "fetch-clickhouse: $*" >&2
    exit 1
}

case "$(uname -s) $(uname -m)" in
    "Linux x86_64" | "Linux aarch64") ;;
    *) fail "the embedded ClickHouse exists for Linux on x86_64 and aarch64 only; give the collector the URL of a server" ;;
esac
command -v python3 >/dev/null || fail "python3 is needed"
command -v flock >/dev/null || fail "flock (util-linux) is needed"

cache="${XDG_CACHE_HOME:-$HOME/.cache}/teltel"
target="$cache/chdb-core-$version"
library="$target/chdb/_chdb.abi3.so"
mkdir -p "$cache"

# One fetch at a time; the kernel drops the lock with this process.
exec 9>"$cache/.fetch.lock"
flock 9

if [ -f "$library" ]; then
    echo "$library"
    exit 0
fi

work="$(mktemp -d "$cache/.fetch.XXXXXX")"
trap 'rm -rf "$work"' EXIT INT TERM
cat >"$work/requirements.txt" <<REQUIREMENTS
chdb-core==$version --hash=sha256:$hash_x86_64 --hash=sha256:$hash_aarch64
REQUIREMENTS
python3 -m pip download --quiet --no-deps --require-hashes --only-binary=:all: --dest "$work/wheel" \
    --requirement "$work/requirements.txt" >&2 || fail "pip could not download chdb-core $version (see above)"
python3 -m zipfile -e "$work"/wheel/*.whl "$work/all"

# Of the wheel only the library, what it links to, its helpers for each version of Python, and the licence are kept.
mkdir -p "$work/engine/chdb"
mv "$work/all/chdb/_chdb.abi3.so" "$work"/all/chdb/libpybind11nonlimitedapi_chdb_3.*.so "$work/engine/chdb/"
mv "$work/all/chdb_core.libs" "$work/engine/"
find "$work/all" -type f -path '*dist-info*' -iname '*LICENSE*' -exec cp {} "$work/engine/" \;
chmod -R u=rwX,go=rX "$work/engine"

# The library appears whole or not at all.
rm -rf "$target"
sync "$work"/engine/chdb/* "$work"/engine/chdb_core.libs/*
mv "$work/engine" "$target"
echo "$library"
