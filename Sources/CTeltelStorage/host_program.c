#define _GNU_SOURCE /* pipe2 */
#include "host_program.h"

#include <fcntl.h>
#include <unistd.h>

/* Found through --embed-dir of the package manifest. */
static const unsigned char host_program[] = {
#embed "host.py"
};

const unsigned char *teltel_host_program(void) { return host_program; }
size_t teltel_host_program_bytes(void) { return sizeof host_program; }
int teltel_host_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
