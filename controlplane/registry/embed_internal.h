/* Internal to the room: providers.yaml as it was when the program was built (see CMakeLists.txt). */
#ifndef TG_REGISTRY_EMBED_INTERNAL_H
#define TG_REGISTRY_EMBED_INTERNAL_H

#include <stddef.h>

extern const unsigned char tg_registry_builtin[];
extern const size_t tg_registry_builtin_bytes;

#endif
