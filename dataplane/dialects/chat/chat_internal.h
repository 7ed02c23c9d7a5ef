/* Internal to the room: the parts of the dialect that chat.c puts together, and what readers, writers and codecs share.
 *
 *   read_request.c ── read_message.c ── read_part.c, read_reasoning.c        a client's request
 *                 └── read_tools.c
 *   write_request.c ── write_message.c ── write_part.c                       for a provider
 *                  └── write_tools.c
 *   decode.c ── decode_parts.c, decode_calls.c                               a provider's answer -> events
 *           └── answer.c ── read_message.c, citations.c
 *   encode.c ── encode_entry.c, encode_chunk.c, encode_whole.c                events -> the client's bytes
 *   watch.c ── glance.c, tail.c ── usage.c                                   answers that pass unchanged */
#ifndef TG_CHAT_CHAT_INTERNAL_H
#define TG_CHAT_CHAT_INTERNAL_H

#include "common/codec/json_write.h"
#include "dataplane/dialects/canonical/freeform.h"
#include "dataplane/dialects/canonical/reading.h"
#include "dataplane/dialects/chat/chat.h"

/* ---- of struct tg_dialect ---- */

bool chat_read_request(const struct tg_request_source *source, struct tg_model_request *request,
                       struct tg_client_error *error);
bool chat_write_request(struct tg_arena *arena, const struct tg_model_request *request,
                        const struct tg_request_target *target, struct tg_loss *loss, struct tg_buf *out,
                        struct tg_client_error *error);
void chat_edit_request(struct tg_arena *arena, struct tg_text body, const struct tg_model_request *request,
                       const struct tg_request_target *target, struct tg_body *edited);
void *chat_encoder_new(struct tg_arena *arena, const struct tg_encode_options *options);
enum tg_status chat_encode(void *encoder, const struct tg_answer_event *event, struct tg_buf *out);
void *chat_decoder_new(struct tg_arena *arena);
enum tg_status chat_decode_block(void *decoder, struct tg_arena *scratch, struct tg_text name, struct tg_text data,
                                 const struct tg_answer_sink *sink);
enum tg_status chat_decode_end(void *decoder, struct tg_arena *scratch, const struct tg_answer_sink *sink);
enum tg_status chat_decode_whole(struct tg_arena *scratch, struct tg_text body, const struct tg_answer_sink *sink);

/* ---- reading ---- */

/* Where parts are read to: the turn is the current one of reading->tail. What the gateway knows nothing of passes. */

/* A message's object; `message` is its BEGIN token. The turn's parts are in the order in which a model makes them:
 * thinking, text, calls. In an answer a tool call carries its `index` in `raw`, and one of a custom tool its input in
 * `text`, which is not NULL then: it may be a piece only. */
void chat_read_message(struct tg_reading *reading, const struct tg_json_token *message, struct tg_text path,
                       bool is_answer);

/* `content`: a string, or an array of parts. */
void chat_read_content(struct tg_reading *reading, struct tg_json_token *content);

/* `reasoning_details`, as OpenRouter writes them. */
void chat_read_reasoning_details(struct tg_reading *reading, struct tg_json_token *details);

/* `cache_control`: {"type":"ephemeral","ttl":"1h"}. */
enum tg_cache_mark chat_read_cache_control(struct tg_reading *reading, const struct tg_json_token *control);

void chat_read_tools(struct tg_reading *reading, struct tg_json_token *tools, bool are_legacy_functions);
void chat_read_tool_choice(struct tg_reading *reading, struct tg_json_token *choice);
void chat_read_format(struct tg_reading *reading, struct tg_json_token *format);
/* OpenRouter's `reasoning`, and `thinking` as DeepSeek and others took it from Anthropic. */
void chat_read_reasoning_setting(struct tg_reading *reading, struct tg_json_token *setting);
void chat_read_thinking_setting(struct tg_reading *reading, struct tg_json_token *setting);

/* "messages[3]", in the arena. */

/* ---- thinking ----
 *
 * Chat has no one field for what a model thought. Where a provider put it must be known when it comes back, so the
 * signature of thinking that a chat provider made says so:
 *
 *   "reasoning_content", "reasoning", "thinking"   a text without more, in the field (or Mistral's part) of that name
 *   "text~index~format~id~signature"               an entry of reasoning_details: its type, its other members
 *   "summary~index~format~id~", "encrypted~index~format~id~data" */

/* An entry of reasoning_details. */
struct chat_detail {
    enum chat_detail_kind { CHAT_DETAIL_TEXT, CHAT_DETAIL_SUMMARY, CHAT_DETAIL_ENCRYPTED } kind;
    struct tg_text index; /* a number; entries that share it belong together */
    struct tg_json_string format, id;
    struct tg_json_string signature; /* or the data of an encrypted one */
};

/* False if the signature names a field. */
bool chat_detail_unpack(struct tg_json_string signature, struct chat_detail *detail);

/* The field that a signature names, or NULL. */
const char *chat_thinking_field(struct tg_json_string signature);

/* One entry; `detail->signature` is as it leaves, `index` for where it has none. */
void chat_detail_write(struct tg_json_writer *writer, const struct chat_detail *detail, struct tg_json_string text,
                       unsigned index);

/* ---- media ---- */

/* A URL, or a data URL in its two parts. */
void chat_media_of_url(struct tg_media *media, struct tg_json_string url);

/* "wav" <-> "audio/wav"; empty if there is none. */
struct tg_json_string chat_audio_type(struct tg_arena *arena, struct tg_json_string format);
struct tg_json_string chat_audio_format(struct tg_json_string media_type);

/* ---- writing ---- */

/* What the writers share. */
struct chat_writing {
    struct tg_arena *arena;
    struct tg_json_writer json;
    const struct tg_model_request *request;
    const struct tg_request_target *target;
    struct tg_loss *loss;
};

/* OpenAI itself (and Azure's OpenAI) refuses `max_tokens` for its reasoning models and takes `max_completion_tokens`
 * for all; the servers that speak its dialect all know `max_tokens`, and many ignore the newer name, which would leave
 * a clamped call unbounded. Which it is stands in the provider's row. */
static inline const char *chat_maximum_field(const struct tg_request_target *target)
{
    bool is_said = target->maximum_field != NULL && target->maximum_field[0] != '\0';
    return is_said ? target->maximum_field : "max_tokens";
}

/* The name of a top-level member, as the provider's rules have it; false if they leave it out. */
bool chat_begin_member(struct chat_writing *writing, const char *key);

void chat_write_turn(struct chat_writing *writing, const struct tg_turn *turn);
/* A content part as an element; a loss if the dialect has none for it. `whole` is the turn's own part that it is, or is
 * in. */
void chat_write_part(struct chat_writing *writing, const struct tg_turn *turn, const struct tg_part *whole,
                     const struct tg_part *part);
/* Notes that a part cannot be said, or what `member` (".is_error", or "") says of it. */
void chat_lose_part(struct chat_writing *writing, const struct tg_turn *turn, const struct tg_part *part,
                    const char *member, enum tg_loss_weight weight);
void chat_write_tools(struct chat_writing *writing);
void chat_write_tool_choice(struct chat_writing *writing);
void chat_write_format(struct chat_writing *writing);

/* Of a tool call, as Google's OpenAI endpoint has it: https://ai.google.dev/gemini-api/docs/thought-signatures */
void chat_write_thought_signature(struct tg_arena *arena, struct tg_json_writer *json, enum tg_dialect_id origin,
                                  struct tg_json_string signature);

void chat_write_text_member(struct tg_json_writer *json, const char *key, struct tg_json_string text);
void chat_write_raw_member(struct tg_json_writer *json, const char *key, struct tg_text raw);

#endif
