#!/bin/sh
# Fetches the simulation engine of an example into the user's cache, and prints its folder there.
#   usage: scripts/fetch-engine.sh mujoco|jsbsim
#     mujoco   MuJoCo (Apache-2.0) out of its PyPI wheel: include/mujoco/, lib/libmujoco.so, its licences
#     jsbsim   JSBSim (LGPL-2.1) built from its PyPI source archive, which takes minutes: include/JSBSim/, lib/libJSBSim.a,
#              aircraft/, engine/, systems/, COPYING
# Downloads are checked against fixed hashes. Does nothing when the folder is there. Safe to run twice at once: the second run
# waits for the first. With --if-cached it prints the folder, or exits 1 at once. JOBS: compilers at a time (default: as cores).
set -eu

engine=${1:?usage: fetch-engine.sh mujoco|jsbsim [--if-cached]}
fail() { echo "fetch-engine: $*" >&2; exit 1; }
cache=${XDG_CACHE_HOME:-$HOME/.cache}/teltel

case $engine in
    mujoco) version=3.3.7 ;;
    jsbsim) version=1.3.3 ;;
    *) fail "unknown engine: $engine" ;;
esac
target=$cache/$engine-$version
if [ -d "$target" ]; then echo "$target"; exit; fi
[ "${2:-}" != --if-cached ] || exit 1
case "$(uname -s) $(uname -m)" in
    "Linux x86_64" | "Linux aarch64") ;;
    *) fail "the engines are fetched for Linux on x86_64 and aarch64 only" ;;
esac
command -v python3 >/dev/null || fail "python3 is needed"

mkdir -p "$cache"
# One fetch at a time; the kernel drops the lock with this process.
exec 9>"$cache/.fetch-$engine.lock"
flock 9
if [ -d "$target" ]; then echo "$target"; exit; fi
work=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

download() { # REQUIREMENT OPTION...
    echo "$1" >"$work/requirements.txt"
    shift
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --dest "$work/download" "$@" \
        --requirement "$work/requirements.txt" >&2 || fail "pip could not download $engine $version (see above)"
}

# The wheel is one for a certain Python; the library inside is the same for all.
fetch_mujoco() {
    x86_64=9371506f0df2d82152685fc8d38465843abcea8d371745ea7c125001e8f3f2d8
    aarch64=9381bf5364eb2da86f0b1388c98b57e706123c8370660f977004fb5f94ef900f
    download "mujoco==$version --hash=sha256:$x86_64 --hash=sha256:$aarch64" --only-binary=:all: --python-version 3.11 \
        --implementation cp --abi cp311 --platform "manylinux_2_28_$(uname -m)"
    python3 -m zipfile -e "$work"/download/*.whl "$work/all"
    mkdir -p "$work/engine/lib"
    mv "$work/all/mujoco/include" "$work/engine/"
    mv "$work/all/mujoco/libmujoco.so.$version" "$work/engine/lib/"
    ln -s "libmujoco.so.$version" "$work/engine/lib/libmujoco.so"
    mv "$work"/all/mujoco-*.dist-info/licenses "$work/engine/"
}

# Few large files instead of many small ones compile in less than half the time; some of JSBSim's do not go together.
fetch_jsbsim() {
    command -v cmake >/dev/null || fail "cmake is needed to build JSBSim: apt-get install cmake"
    download "jsbsim==$version --hash=sha256:7b2b1f5dc3728f9c5fd98dc95da23c0b12fc31306142373f6d612ebf1a49f899" --no-binary=jsbsim
    tar -xzf "$work"/download/jsbsim-*.tar.gz -C "$work"
    source=$work/jsbsim-$version
    echo 'cmake_language(DEFER CALL set_target_properties InputOutput PROPERTIES UNITY_BUILD OFF)' >"$work/unity.cmake"
    cmake -S "$source" -B "$work/build" -DSKBUILD=ON -DBUILD_PYTHON_MODULE=OFF -DBUILD_DOCS=OFF -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DCMAKE_C_FLAGS_RELEASE=-O1 -DCMAKE_UNITY_BUILD=ON \
        -DCMAKE_PROJECT_JSBSim_INCLUDE="$work/unity.cmake" >"$work/log" 2>&1 &&
        cmake --build "$work/build" --target libJSBSim -j "${JOBS:-$(nproc)}" >>"$work/log" 2>&1 || {
        tail -n 30 "$work/log" >&2
        fail "JSBSim did not build (see above)"
    }
    mkdir -p "$work/engine/lib" "$work/engine/include/JSBSim"
    mv "$(find "$work/build" -name libJSBSim.a)" "$work/engine/lib/"
    (cd "$source/src" && find . -name '*.h' -o -name '*.hxx' -o -name '*.hpp' | tar -cf - -T -) |
        tar -xf - -C "$work/engine/include/JSBSim"
    mv "$source/aircraft" "$source/engine" "$source/systems" "$source/COPYING" "$work/engine/"
}

"fetch_$engine"
chmod -R u=rwX,go=rX "$work/engine"
# The folder appears whole or not at all.
mv "$work/engine" "$target"
echo "$target"
