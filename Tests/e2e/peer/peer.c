/* Connects to itself as root and as another user, over IPv4, IPv6 and IPv4 written as IPv6; both ways of finding the
 * owner must name the user, and nobody once the socket is closed. */
#include "teltel_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

static int failures;

static void check(const char *what, int result, uint32_t user, int wanted_result, uint32_t wanted_user) {
    if (result == wanted_result && (result != 0 || user == wanted_user)) return;
    printf("%s: result %d, user %u; wanted %d, %u\n", what, result, user, wanted_result, wanted_user);
    failures++;
}

static void both(const char *what, int netlink, int accepted, int wanted, uint32_t user) {
    struct sockaddr_storage peer, local;
    socklen_t size = sizeof peer;
    getpeername(accepted, (struct sockaddr *)&peer, &size);
    size = sizeof local;
    getsockname(accepted, (struct sockaddr *)&local, &size);
    uint32_t found = ~0u;
    int result = teltel_peer_owner_netlink(netlink, (struct sockaddr *)&peer, (struct sockaddr *)&local, &found);
    check(what, result, found, wanted, user);
    found = ~0u;
    result = teltel_peer_owner_proc((struct sockaddr *)&peer, (struct sockaddr *)&local, &found);
    check(what, result, found, wanted, user);
    /* As on a kernel without the diagnostics. */
    found = ~0u;
    result = teltel_peer_owner(-1, (struct sockaddr *)&peer, (struct sockaddr *)&local, &found);
    check(what, result, found, wanted, user);
}

static void round_trip(const char *what, int netlink, int family, struct sockaddr *at, socklen_t size, int client, uint32_t user) {
    int listener = socket(family, SOCK_STREAM, 0);
    if (bind(listener, at, size) != 0 || listen(listener, 1) != 0) {
        printf("%s: cannot listen: %s\n", what, strerror(errno));
        failures++;
        return;
    }
    struct sockaddr_storage bound;
    socklen_t length = sizeof bound;
    getsockname(listener, (struct sockaddr *)&bound, &length);
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    target.sin_port = ((struct sockaddr_in6 *)&bound)->sin6_port;
    /* The kernel notes the file system's user at the socket, which unlike the others can be changed back and forth. */
    setfsuid(user);
    int connection = socket(client, SOCK_STREAM, 0);
    setfsuid(0);
    int failed = client == AF_INET ? connect(connection, (struct sockaddr *)&target, sizeof target)
                                   : connect(connection, (struct sockaddr *)&bound, length);
    int accepted = accept(listener, NULL, NULL);
    if (failed || accepted < 0) abort();
    both(what, netlink, accepted, 0, user);
    close(connection);
    both("closed", netlink, accepted, ENOENT, 0);
    close(accepted);
    close(listener);
}

int main(int count, char **arguments) {
    uint32_t other = count > 1 ? (uint32_t)atoi(arguments[1]) : 65534;
    int netlink = teltel_peer_socket();
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    for (int turn = 0; turn < 2; turn++) {
        uint32_t user = turn ? other : 0;
        round_trip("IPv4", netlink, AF_INET, (struct sockaddr *)&v4, sizeof v4, AF_INET, user);
        round_trip("IPv6", netlink, AF_INET6, (struct sockaddr *)&v6, sizeof v6, AF_INET6, user);
        round_trip("IPv4 as IPv6", netlink, AF_INET6, (struct sockaddr *)&any, sizeof any, AF_INET, user);
    }
    return failures != 0;
}
