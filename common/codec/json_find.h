/* Finds a name in a document that is not scanned: where nearly all documents do not have it, or have it at a known
 * place, a search is a tenth of a scan. What is found may as well be part of a string: the caller looks around it. */
#ifndef TG_CODEC_JSON_FIND_H
#define TG_CODEC_JSON_FIND_H

#include "common/base/text.h"

/* The first place in [at, end) with the bytes of `quoted`, a name with its quotes ("\"usage\""), at least two bytes
 * long; NULL if there is none. 16 places at a time. Pure; any thread. */
const char *tg_json_find(const char *at, const char *end, struct tg_text quoted);

#endif
