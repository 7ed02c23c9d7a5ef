#include "dataplane/dialects/responses/responses.h"

#include "dataplane/dialects/responses/internal.h"

const struct tg_dialect tg_dialect_responses = {
    .id = TG_DIALECT_RESPONSES,
    .name = "responses",
    .read_request = tg_responses_read_request,
    .encoder_new = tg_responses_encoder_new,
    .encode = tg_responses_encode,
    .error_body = tg_responses_error_body,
    .error_event = tg_responses_error_event,
    .write_request = tg_responses_write_request,
    .decoder_new = tg_responses_decoder_new,
    .decode_block = tg_responses_decode_block,
    .decode_end = tg_responses_decode_end,
    .decode_whole = tg_responses_decode_whole,
    .read_error = tg_responses_read_error,
    .edit_request = tg_responses_edit_request,
    .watch_block = tg_responses_watch_block,
    .watch_whole = tg_responses_watch_whole,
    .watch_tail = tg_responses_watch_tail,
};
