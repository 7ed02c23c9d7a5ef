/* Internal to the room: docs/openapi.yaml as it was when the program was built (see CMakeLists.txt). */
#ifndef TG_API_DESCRIPTION_H
#define TG_API_DESCRIPTION_H

#include <stddef.h>

extern const unsigned char tg_api_description[];
extern const size_t tg_api_description_bytes;

#endif
