/* Internal to the room: citations, as chat writes them. */
#ifndef TG_CHAT_DECODE_INTERNAL_H
#define TG_CHAT_DECODE_INTERNAL_H

#include "dataplane/dialects/canonical/event.h"

/* Of message.annotations: those that name an address. In the arena; NULL if there are none. */
const struct tg_citation *chat_annotations_read(struct tg_arena *arena, struct tg_text annotations, size_t *count);

/* Perplexity's search_results: [{"title": …, "url": …, "date": …}]. */
const struct tg_citation *chat_search_results_read(struct tg_arena *arena, struct tg_text results, size_t *count);

#endif
