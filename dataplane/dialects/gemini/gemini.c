#include "dataplane/dialects/gemini/gemini.h"

#include "dataplane/dialects/gemini/gemini_internal.h"

const struct tg_dialect tg_dialect_gemini = {
    .id = TG_DIALECT_GEMINI,
    .name = "gemini",
    .read_request = gemini_read_request,
    .encoder_new = gemini_encoder_new,
    .encode = gemini_encode,
    .error_body = tg_gemini_error_body,
    .error_event = tg_gemini_error_event,
    .write_request = gemini_write_request,
    .decoder_new = gemini_decoder_new,
    .decode_block = gemini_decode_block,
    .decode_end = gemini_decode_end,
    .decode_whole = gemini_decode_whole,
    .read_error = tg_gemini_read_error,
    .edit_request = gemini_edit_request,
    .watch_block = gemini_watch_block,
    .watch_whole = gemini_watch_whole,
    .watch_tail = gemini_watch_tail,
};

enum { MAX_NAME_BYTES = 64 };

bool tg_gemini_is(struct tg_text key, const char *name)
{
    char snake[MAX_NAME_BYTES];
    size_t bytes = 0;
    /* Nearly all keys differ at once. */
    if (key.bytes == 0 || (key.data[0] != name[0] && memchr(key.data, '\\', key.bytes) == NULL))
        return false;
    if (tg_json_text_is(key, name))
        return true;
    for (const char *at = name; *at != '\0' && bytes + 2 < sizeof(snake); ++at) {
        bool is_capital = *at >= 'A' && *at <= 'Z';
        if (is_capital)
            snake[bytes++] = '_';
        snake[bytes++] = is_capital ? (char)(*at - 'A' + 'a') : *at;
    }
    snake[bytes] = '\0';
    return tg_json_text_is(key, snake);
}
