#include "dataplane/dialects/chat/chat.h"

#include "dataplane/dialects/chat/chat_internal.h"

const struct tg_dialect tg_dialect_chat = {
    .id = TG_DIALECT_CHAT,
    .name = "chat",
    .read_request = chat_read_request,
    .encoder_new = chat_encoder_new,
    .encode = chat_encode,
    .error_body = tg_chat_error_body,
    .error_event = tg_chat_error_event,
    .write_request = chat_write_request,
    .decoder_new = chat_decoder_new,
    .decode_block = chat_decode_block,
    .decode_end = chat_decode_end,
    .decode_whole = chat_decode_whole,
    .read_error = tg_chat_read_error,
    .edit_request = chat_edit_request,
    .watch_block = tg_chat_watch_block,
    .watch_whole = tg_chat_watch_whole,
    .watch_tail = tg_chat_watch_tail,
};
