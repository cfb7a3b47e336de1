/* host_program.h - the embedded ClickHouse host (embedded-clickhouse/host.py), carried inside the binary. */
#ifndef TELTEL_HOST_PROGRAM_H
#define TELTEL_HOST_PROGRAM_H
#include <stddef.h>

/* Text of the program; lives for ever. */
const unsigned char *teltel_host_program(void);
size_t teltel_host_program_bytes(void);

/* A pipe whose ends no other child inherits. 0, or -1 with errno. */
int teltel_host_pipe(int ends[2]);

#endif
