#!/bin/sh
# Prints the library's version as its header says it, e.g. 0.1.0.
set -eu
header=$(dirname "$0")/../include/teltel.h
sed -n 's/^#define TELTEL_VERSION_\(MAJOR\|MINOR\|PATCH\) \([0-9]*\)$/\2/p' "$header" | paste -sd.
