/* What the tests of all dialects do again and again: read, write, decode, encode, and compare as JSON trees. */
#ifndef TG_TESTS_DIALECT_SUPPORT_H
#define TG_TESTS_DIALECT_SUPPORT_H

#include "common/codec/json.h"
#include "dataplane/dialects/canonical/dialect.h"

/* A request that must be readable. */
struct tg_model_request read_ok(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text body);

/* The written body as text in the arena; fails the test if it cannot be written or is no JSON object. */
struct tg_text write_ok(const struct tg_dialect *dialect, struct tg_arena *arena,
                        const struct tg_model_request *request, const struct tg_request_target *target,
                        struct tg_loss *loss);

/* The pieces of an edited body, joined. */
struct tg_text edited(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text body,
                      const struct tg_model_request *request, const struct tg_request_target *target);

/* A sink that keeps everything that is told, to be told again. */
struct recording {
    struct tg_arena *arena;
    struct tg_answer_event *events;
    size_t count, capacity;
    struct tg_usage usage; /* the last */
    bool has_usage;
};
void recording_init(struct recording *recording, struct tg_arena *arena, struct tg_answer_sink *sink);
const struct tg_answer_event *recorded(const struct recording *recording, enum tg_answer_event_kind kind);

/* What an encoder makes of a recording. */
struct tg_text encode_all(const struct tg_dialect *dialect, struct tg_arena *arena, const struct recording *recording,
                          bool is_streaming);

/* A stream with the blank line that its last event may lack. */
struct tg_text ended(struct tg_arena *arena, struct tg_text stream);

/* A stream of SSE events through a decoder, block by block, to its end. */
void decode_sse(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text stream,
                const struct tg_answer_sink *sink);

/* The same for a stream of AWS messages. */
void decode_aws(const struct tg_dialect *dialect, struct tg_arena *arena, struct tg_text stream,
                const struct tg_answer_sink *sink);

/* Fails with both if they are not the same tree. */
void assert_same_json(const char *name, struct tg_text a, struct tg_text b);

#endif
