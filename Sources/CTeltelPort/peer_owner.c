/* The kernel's socket diagnostics (sock_diag(7)) answer one question in a few microseconds, whatever number of connections
 * there is. Kernels without them are asked through /proc/net/tcp, line by line.
 *
 * A socket that no process holds any more (closed, but its data still on the way) has lost its owner: the kernel then
 * names root and no inode. Such a socket has no owner here, so that nobody passes for root by closing early. */
#include "teltel_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct end {
    int family; /* AF_INET also for an IPv4 address written as IPv6 */
    uint32_t address[4];
    uint16_t port; /* network order, as the address */
};

static bool end_of(const struct sockaddr *from, struct end *to) {
    memset(to, 0, sizeof *to);
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        to->family = AF_INET;
        to->address[0] = in->sin_addr.s_addr;
        to->port = in->sin_port;
        return true;
    }
    if (from->sa_family != AF_INET6) return false;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
    to->port = in6->sin6_port;
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        to->family = AF_INET;
        memcpy(to->address, &in6->sin6_addr.s6_addr[12], 4);
    } else {
        to->family = AF_INET6;
        memcpy(to->address, &in6->sin6_addr, 16);
    }
    return true;
}

int teltel_peer_socket(void) {
    return socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
}

/* Reads answers up to the one to `sequence`: an earlier question may have left its own behind. */
static int answer(int diagnostics, uint32_t sequence, uint32_t *user) {
    union {
        struct nlmsghdr header;
        char bytes[4096];
    } buffer;
    for (;;) {
        ssize_t size = recv(diagnostics, &buffer, sizeof buffer, 0);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return errno;
        struct nlmsghdr *header = &buffer.header;
        if (!NLMSG_OK(header, (size_t)size)) return EPROTO;
        if (header->nlmsg_seq != sequence) continue;
        if (header->nlmsg_type == NLMSG_ERROR) {
            const struct nlmsgerr *error = NLMSG_DATA(header);
            if (header->nlmsg_len < NLMSG_LENGTH(sizeof *error) || error->error == 0) return EPROTO;
            return -error->error;
        }
        if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg))) return EPROTO;
        const struct inet_diag_msg *message = NLMSG_DATA(header);
        if (message->idiag_inode == 0) return ENOENT;
        *user = message->idiag_uid;
        return 0;
    }
}

int teltel_peer_owner_netlink(int diagnostics, const struct sockaddr *peer, const struct sockaddr *local, uint32_t *user) {
    static uint32_t counter;
    struct end from, to;
    if (!end_of(peer, &from) || !end_of(local, &to) || from.family != to.family) return EAFNOSUPPORT;
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } question = {
        .header = {.nlmsg_len = sizeof question, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST,
                   .nlmsg_seq = __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED)},
        .request = {.sdiag_family = (uint8_t)from.family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0u,
                    .id = {.idiag_sport = from.port, .idiag_dport = to.port,
                           .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
    };
    memcpy(question.request.id.idiag_src, from.address, sizeof from.address);
    memcpy(question.request.id.idiag_dst, to.address, sizeof to.address);
    if (send(diagnostics, &question, sizeof question, 0) < 0) return errno;
    return answer(diagnostics, question.header.nlmsg_seq, user);
}

/* An end as /proc writes it: words in the machine's order, the port as a number. */
static void written(const struct end *end, bool wide, char text[48]) {
    uint32_t words[4] = {end->address[0], end->address[1], end->address[2], end->address[3]};
    if (wide && end->family == AF_INET) {
        words[0] = words[1] = 0;
        words[2] = htonl(0xffff);
        words[3] = end->address[0];
    }
    if (wide)
        snprintf(text, 48, "%08X%08X%08X%08X:%04X", words[0], words[1], words[2], words[3], ntohs(end->port));
    else
        snprintf(text, 48, "%08X:%04X", words[0], ntohs(end->port));
}

static int search(const char *path, bool wide, const struct end *from, const struct end *to, uint32_t *user) {
    char source[48], destination[48], line[512];
    written(from, wide, source);
    written(to, wide, destination);
    FILE *table = fopen(path, "re");
    if (!table) return errno;
    int result = ENOENT;
    while (result == ENOENT && fgets(line, sizeof line, table)) {
        char here[48], there[48];
        uint32_t owner;
        uint64_t inode;
        if (sscanf(line, " %*u: %47s %47s %*x %*x:%*x %*x:%*x %*x %" SCNu32 " %*u %" SCNu64, here, there, &owner, &inode) != 4)
            continue;
        if (strcmp(here, source) != 0 || strcmp(there, destination) != 0) continue;
        if (inode == 0) break;
        *user = owner;
        result = 0;
    }
    fclose(table);
    return result;
}

int teltel_peer_owner_proc(const struct sockaddr *peer, const struct sockaddr *local, uint32_t *user) {
    struct end from, to;
    if (!end_of(peer, &from) || !end_of(local, &to) || from.family != to.family) return EAFNOSUPPORT;
    int result = from.family == AF_INET ? search("/proc/net/tcp", false, &from, &to, user) : ENOENT;
    return result == 0 ? 0 : search("/proc/net/tcp6", true, &from, &to, user);
}

int teltel_peer_owner(int diagnostics, const struct sockaddr *peer, const struct sockaddr *local, uint32_t *user) {
    /* A kernel without the TCP part of its diagnostics answers ENOENT to everything: that counts only after a success. */
    static bool has_answered;
    if (diagnostics >= 0) {
        int result = teltel_peer_owner_netlink(diagnostics, peer, local, user);
        if (result == 0) __atomic_store_n(&has_answered, true, __ATOMIC_RELAXED);
        if (result == 0 || (result == ENOENT && __atomic_load_n(&has_answered, __ATOMIC_RELAXED))) return result;
    }
    return teltel_peer_owner_proc(peer, local, user);
}
