#!/bin/sh
# Makes Debian packages of the library out of what `make library` has laid out in BUILD_DIR:
#   BUILD_DIR/deb/libteltel0_<version>_<architecture>.deb        the shared library
#   BUILD_DIR/deb/libteltel-dev_<version>_<architecture>.deb     what building against it needs
# The collector is not in them: it needs the Swift runtime, which is no Debian package.
#   usage: scripts/build-deb.sh BUILD_DIR        DEB_MAINTAINER: "Name <address>" of who answers for the packages
set -eu

build=${1:?usage: build-deb.sh BUILD_DIR}
root=$(cd "$(dirname "$0")/.." && pwd)
version=$("$root/scripts/library-version.sh")
soversion=${version%%.*}
architecture=$(dpkg --print-architecture)
libdir=/usr/lib/$(gcc -print-multiarch)
# The oldest libc that has all symbols the library asks for.
libc=$(readelf -V "$build/lib/libteltel.so.$version" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -V | tail -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

package() { # NAME PART SECTION DEPENDS SUMMARY DESCRIPTION
    folder=$work/$1
    DESTDIR=$folder PREFIX=/usr LIBDIR=$libdir "$root/scripts/install.sh" "$build" "$2"
    find "$folder" -path '*/man/*' -type f -exec gzip -9n {} +
    mkdir -p "$folder/usr/share/doc/$1" "$folder/DEBIAN"
    cat >"$folder/usr/share/doc/$1/copyright" <<COPYRIGHT
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: teltel

Files: *
Copyright: The teltel authors
License: Apache-2.0
 The full text is in /usr/share/common-licenses/Apache-2.0.
COPYRIGHT
    cat >"$folder/DEBIAN/control" <<CONTROL
Package: $1
Source: teltel
Version: $version
Architecture: $architecture
Multi-Arch: same
Maintainer: ${DEB_MAINTAINER:-The teltel authors <teltel@localhost>}
Installed-Size: $(du -sk --exclude=DEBIAN "$folder" | cut -f1)
Depends: $4
Section: $3
Priority: optional
Description: $5
 $6
CONTROL
    # The loader's cache learns of the library by itself.
    [ "$2" = development ] || {
        echo "activate-noawait ldconfig" >"$folder/DEBIAN/triggers"
        echo "libteltel $soversion $1 (>= $version)" >"$folder/DEBIAN/shlibs"
    }
    (cd "$folder" && find usr -type f -exec md5sum {} +) >"$folder/DEBIAN/md5sums"
    find "$folder" -type d -exec chmod 755 {} +
    chmod 644 "$folder"/DEBIAN/* "$folder/usr/share/doc/$1/copyright"
    dpkg-deb --build --root-owner-group "$folder" "$build/deb/$1_${version}_$architecture.deb" >/dev/null
}

rm -rf "$build/deb"
mkdir -p "$build/deb"
package "libteltel$soversion" runtime libs "libc6 (>= $libc)" "telemetry for simulation engines" \
    "Engines hand over their structs, frame by frame, for the price of a copy."
package libteltel-dev development libdevel "libteltel$soversion (= $version)" \
    "telemetry for simulation engines: for building them" \
    "Headers for C and C++, static library, pkg-config file, CMake package."
ls "$build"/deb/*.deb
