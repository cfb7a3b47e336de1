#!/bin/sh
# Installs what `make build` has laid out in BUILD_DIR.
#   usage: scripts/install.sh BUILD_DIR PART...
#     runtime      the shared library: what a finished engine needs
#     development  headers, static library, pkg-config file, CMake package, manual page: what building an engine needs
#     collector    the program `teltel`, its manual page, and what completes its commands in bash, zsh and fish
# From the environment: PREFIX (default /usr/local), LIBDIR (default PREFIX/lib), DESTDIR (put before both). PREFIX and LIBDIR are
# absolute. What is installed finds its parts relative to itself, so that the whole PREFIX may be moved afterwards.
set -eu

build=${1:?usage: install.sh BUILD_DIR PART...}
shift
root=$(cd "$(dirname "$0")/.." && pwd)
prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
destination=${DESTDIR:-}
version=$("$root/scripts/library-version.sh")

fail() { echo "install: $*" >&2; exit 1; }
case $prefix in /*) ;; *) fail "PREFIX must be absolute: $prefix" ;; esac
case $libdir in "$prefix"/*) ;; *) fail "LIBDIR must be inside PREFIX: $libdir" ;; esac

put() { # MODE SOURCE TARGET
    mkdir -p "$(dirname "$destination$3")" || fail "cannot make the folder of $3: choose another PREFIX, or become root"
    install -m "$1" "$2" "$destination$3"
}
# A template's placeholders: the version, and the way from the file's own folder up to the prefix.
fill() { # TEMPLATE TARGET
    up=$(realpath -m --relative-to="$(dirname "$2")" "$prefix")
    filled=$(mktemp)
    sed -e "s|@VERSION@|$version|g" -e "s|@SOVERSION@|${version%%.*}|g" -e "s|@PREFIX_FROM_HERE@|$up|g" \
        -e "s|@LIBDIR@|${libdir#"$prefix"/}|g" "$1" >"$filled"
    put 644 "$filled" "$2"
    rm -f "$filled"
}
# The program knows its own commands.
complete() { # SHELL TARGET
    made=$(mktemp)
    "$build/bin/teltel" --generate-completion-script "$1" >"$made" || fail "cannot make the completion of $1"
    put 644 "$made" "$2"
    rm -f "$made"
}

for part in "$@"; do
    case $part in
        runtime)
            put 644 "$build/lib/libteltel.so.$version" "$libdir/libteltel.so.$version"
            ln -sfn "libteltel.so.$version" "$destination$libdir/libteltel.so.${version%%.*}"
            ;;
        development)
            put 644 "$build/include/teltel.h" "$prefix/include/teltel.h"
            put 644 "$build/include/teltel.hpp" "$prefix/include/teltel.hpp"
            put 644 "$build/lib/libteltel.a" "$libdir/libteltel.a"
            ln -sfn "libteltel.so.${version%%.*}" "$destination$libdir/libteltel.so"
            fill "$root/packaging/teltel.pc.in" "$libdir/pkgconfig/teltel.pc"
            fill "$root/packaging/teltelConfig.cmake.in" "$libdir/cmake/teltel/teltelConfig.cmake"
            fill "$root/packaging/teltelConfigVersion.cmake.in" "$libdir/cmake/teltel/teltelConfigVersion.cmake"
            fill "$root/packaging/teltel.3.in" "$prefix/share/man/man3/teltel.3"
            ;;
        collector)
            put 755 "$build/bin/teltel" "$prefix/bin/teltel"
            fill "$root/packaging/teltel.1.in" "$prefix/share/man/man1/teltel.1"
            complete bash "$prefix/share/bash-completion/completions/teltel"
            complete zsh "$prefix/share/zsh/site-functions/_teltel"
            complete fish "$prefix/share/fish/vendor_completions.d/teltel.fish"
            ;;
        *) fail "unknown part: $part" ;;
    esac
done
