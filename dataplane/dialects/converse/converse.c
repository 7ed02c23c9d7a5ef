#include "dataplane/dialects/converse/converse_internal.h"

const struct tg_dialect tg_dialect_converse = {
    .id = TG_DIALECT_CONVERSE,
    .name = "converse",
    .read_request = tg_converse_read_request,
    .encoder_new = tg_converse_encoder_new,
    .encode = tg_converse_encode,
    .error_body = tg_converse_error_body,
    .error_event = tg_converse_error_event,
    .error_type_header = tg_converse_error_type_header,
    .error_type = tg_converse_error_type,
    .write_request = tg_converse_write_request,
    .decoder_new = tg_converse_decoder_new,
    .decode_block = tg_converse_decode_block,
    .decode_end = tg_converse_decode_end,
    .decode_whole = tg_converse_decode_whole,
    .read_error = tg_converse_read_error,
    .edit_request = tg_converse_edit_request,
    .watch_block = tg_converse_watch_block,
    .watch_whole = tg_converse_watch_whole,
    .watch_tail = tg_converse_watch_tail,
};
