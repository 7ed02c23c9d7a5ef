/* From the kernel's form of an address to ours, for this room. */
#ifndef TG_NET_ADDRESS_H
#define TG_NET_ADDRESS_H

#include <sys/socket.h>

#include "common/net/socket.h"

/* False, and an empty address, for a family other than IPv4 and IPv6. */
bool address_from_sockaddr(const struct sockaddr *from, struct tg_address *address);

#endif
