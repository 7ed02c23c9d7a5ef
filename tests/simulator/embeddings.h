/* The answer to an embeddings request: vectors that depend on the input's text only. */
#ifndef TG_SIMULATOR_EMBEDDINGS_H
#define TG_SIMULATOR_EMBEDDINGS_H

#include "tests/simulator/request.h"

/* The body, in the arena: numbers, or little-endian float32 in base64, which is what the official SDKs ask for. */
struct tg_text sim_embeddings_body(struct tg_arena *arena, const struct sim_embeddings *embeddings);

#endif
