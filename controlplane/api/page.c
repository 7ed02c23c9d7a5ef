#include "common/codec/json_write.h"
#include "controlplane/api/cursor.h"
#include "controlplane/api/handlers.h"

size_t tg_api_read_limit(struct tg_api_job *job)
{
    struct tg_text text;
    uint64_t limit = TG_API_DEFAULT_LIMIT;
    if (tg_api_query(job, "limit", &text) && (!tg_text_to_u64(text, &limit) || limit < 1 || limit > TG_API_MAX_LIMIT))
        tg_api_refuse_query(job, "limit", "must be a number from 1 to 200");
    return (size_t)limit;
}

struct tg_id tg_api_read_cursor(struct tg_api_job *job)
{
    struct tg_text text;
    struct tg_id id = {{0}};
    if (tg_api_query(job, "cursor", &text) && !tg_cursor_parse_id(text, &id))
        tg_api_refuse_query(job, "cursor", "is no next_cursor of this list");
    return id;
}

void tg_api_page_begin(struct tg_api_job *job, struct tg_json_writer *writer)
{
    tg_json_write_init(writer, &job->answer);
    tg_json_write_object_begin(writer);
    tg_json_write_key(writer, "items");
    tg_json_write_array_begin(writer);
}

void tg_api_page_end(struct tg_api_job *job, struct tg_json_writer *writer, struct tg_text next_cursor)
{
    tg_json_write_array_end(writer);
    tg_json_write_key(writer, "next_cursor");
    if (next_cursor.data == NULL)
        tg_json_write_null(writer);
    else
        tg_json_write_string(writer, next_cursor);
    tg_json_write_object_end(writer);
    if (tg_json_write_finish(writer) != TG_OK)
        tg_refuse(&job->refusal, TG_REFUSAL_MALFORMED, "The page is too large; ask for fewer items with limit.");
    else
        tg_api_answer(job, 200, "application/json");
}
