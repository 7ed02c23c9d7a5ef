/* OpenAI's responses (POST /v1/responses) as a dialect; Codex, the OpenAI SDKs' default and the agents SDK speak it.
 * https://platform.openai.com/docs/api-reference/responses, https://www.openresponses.org
 *
 *   client's bytes ── read_request.c (items.c, tools.c) ──► canonical request ── write_request.c ──► provider's bytes
 *   provider's     ── decode.c (decode_item.c)          ──► canonical events  ── encode.c        ──► client's
 *
 * What the API calls items, a run of messages, reasoning, calls and their results, is here turns with parts: what the
 * model made in a row is one turn of the assistant, results in a row are one turn of the user.
 *
 * Not carried by decode and encode: ids and phases of items, progress events of built-in tools, raw reasoning apart
 * from its summaries, obfuscation. */
#ifndef TG_DIALECTS_RESPONSES_H
#define TG_DIALECTS_RESPONSES_H

#include "dataplane/dialects/canonical/dialect.h"

extern const struct tg_dialect tg_dialect_responses;

#endif
