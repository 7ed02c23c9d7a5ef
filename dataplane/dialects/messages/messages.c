#include "dataplane/dialects/messages/messages.h"

#include "common/codec/base64.h"
#include "dataplane/dialects/messages/messages_internal.h"

const struct tg_dialect tg_dialect_messages = {
    .id = TG_DIALECT_MESSAGES,
    .name = "messages",
    .read_request = tg_messages_read_request,
    .encoder_new = tg_messages_encoder_new,
    .encode = tg_messages_encode,
    .error_body = tg_messages_error_body,
    .error_event = tg_messages_error_event,
    .write_request = tg_messages_write_request,
    .decoder_new = tg_messages_decoder_new,
    .decode_block = tg_messages_decode_block,
    .decode_end = tg_messages_decode_end,
    .decode_whole = tg_messages_decode_whole,
    .read_error = tg_messages_read_error,
    .edit_request = tg_messages_edit_request,
    .watch_block = tg_messages_watch_block,
    .watch_whole = tg_messages_watch_whole,
    .watch_tail = tg_messages_watch_tail,
};

bool tg_messages_from_invoke_chunk(struct tg_arena *arena, struct tg_text payload, struct tg_text *event)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    struct tg_text bytes = tg_text(NULL, 0);
    tg_json_scan_init(&scan, payload);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return false;
    while (tg_json_scan_next_in(&scan, &root, &member))
        if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "bytes"))
            bytes = tg_json_unescape(arena, member.value);
    return tg_json_scan_finish(&scan, NULL) == TG_OK && bytes.bytes != 0 && tg_base64_decode(arena, bytes, event);
}
