#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/net/address.h"
#include "common/net/socket.h"

_Static_assert(sizeof(((struct tg_address *)0)->sockaddr) >= sizeof(struct sockaddr_in6), "an address fits");

bool address_from_sockaddr(const struct sockaddr *from, struct tg_address *address)
{
    size_t bytes = from->sa_family == AF_INET    ? sizeof(struct sockaddr_in)
                   : from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                 : 0;
    memset(address, 0, sizeof(*address));
    if (bytes == 0)
        return false;
    memcpy(address->sockaddr, from, bytes);
    address->size_bytes = (uint32_t)bytes;
    return true;
}

bool tg_address_parse(const char *host, uint16_t port, struct tg_address *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        return address_from_sockaddr((const struct sockaddr *)&v4, address);
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
        return address_from_sockaddr((const struct sockaddr *)&v6, address);
    return false;
}

void tg_address_format(const struct tg_address *address, char out[TG_ADDRESS_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "";
    const struct sockaddr *generic = (const struct sockaddr *)address->sockaddr;
    if (address->size_bytes != 0 && generic->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address->sockaddr;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
        snprintf(out, TG_ADDRESS_TEXT_BYTES, "%s:%u", host, ntohs(v4->sin_port));
    } else if (address->size_bytes != 0 && generic->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address->sockaddr;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
        snprintf(out, TG_ADDRESS_TEXT_BYTES, "[%s]:%u", host, ntohs(v6->sin6_port));
    } else {
        snprintf(out, TG_ADDRESS_TEXT_BYTES, "unknown");
    }
}
