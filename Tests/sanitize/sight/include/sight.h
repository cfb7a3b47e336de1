/* What the thread sanitizer needs to see a writer and a reader of a ring meet in one process; linked with --wrap (Package.swift).
 *  - It tells memory by its address: shared files are mapped once, however often that is asked for.
 *  - The toolchain's copies of memory are not watched: they go byte by byte here.
 *  - Nor are Swift's own locks, once a thread must wait: their order is told. */
#ifndef SIGHT_H
#define SIGHT_H
/* How many files have been mapped by two at once so far. */
int sight_shared_mappings(void);
#endif
