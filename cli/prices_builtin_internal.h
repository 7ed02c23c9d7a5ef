/* Internal to the room: controlplane/catalog/prices.yaml as it was when the program was built (see CMakeLists.txt). */
#ifndef TG_CLI_PRICES_BUILTIN_INTERNAL_H
#define TG_CLI_PRICES_BUILTIN_INTERNAL_H

#include <stddef.h>

extern const unsigned char tg_prices_builtin[];
extern const size_t tg_prices_builtin_bytes;

#endif
