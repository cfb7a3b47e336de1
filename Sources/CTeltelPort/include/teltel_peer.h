/* Whose process holds the other end of a loopback connection. */
#pragma once
#include <stdint.h>
#include <sys/socket.h>

/* A socket for the questions below, -1 if this kernel has none: then each question reads /proc instead. */
int teltel_peer_socket(void);

/* Asks for the owner of the socket that is bound to `peer` and connected to `local`. Returns 0 and the user, or an errno:
 * ENOENT when there is no such socket any more or no process holds it. One question at a time per `diagnostics`. */
int teltel_peer_owner(int diagnostics, const struct sockaddr *peer, const struct sockaddr *local, uint32_t *user);

/* The two ways, for tests. */
int teltel_peer_owner_netlink(int diagnostics, const struct sockaddr *peer, const struct sockaddr *local, uint32_t *user);
int teltel_peer_owner_proc(const struct sockaddr *peer, const struct sockaddr *local, uint32_t *user);

/* Lifts the soft limit of open files to the hard one; returns the limit that holds then. */
uint64_t teltel_raise_file_limit(void);
