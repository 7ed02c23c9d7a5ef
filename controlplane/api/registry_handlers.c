/* The kinds of providers, for people who are about to add one. */
#include "common/codec/json_write.h"
#include "controlplane/api/handlers.h"
#include "controlplane/api/server.h"
#include "controlplane/registry/registry.h"

static void write_text(struct tg_json_writer *writer, const char *key, const char *text)
{
    tg_json_write_key(writer, key);
    tg_json_write_string(writer, tg_text_of(text));
}

static void write_lists(struct tg_json_writer *writer, const struct tg_registry_row *row)
{
    tg_json_write_key(writer, "needs");
    tg_json_write_array_begin(writer);
    if (row->base_url[0] == '\0')
        tg_json_write_string(writer, tg_text_of("base_url"));
    for (enum tg_registry_blank blank = 0; blank < TG_BLANK_COUNT; ++blank)
        if ((row->blanks & 1u << blank) != 0 && row->defaults[blank][0] == '\0')
            tg_json_write_string(writer, tg_text_of(tg_registry_blank_name(blank)));
    tg_json_write_array_end(writer);
    tg_json_write_key(writer, "apis");
    tg_json_write_array_begin(writer);
    for (size_t i = 0; i < row->api_count; ++i) {
        tg_json_write_object_begin(writer);
        write_text(writer, "operation", row->apis[i].operation);
        write_text(writer, "dialect", row->apis[i].dialect);
        tg_json_write_object_end(writer);
    }
    tg_json_write_array_end(writer);
    tg_json_write_key(writer, "litellm");
    tg_json_write_array_begin(writer);
    for (size_t i = 0; i < row->litellm_count; ++i)
        tg_json_write_string(writer, tg_text_of(row->litellm[i]));
    tg_json_write_array_end(writer);
}

void tg_api_list_provider_kinds(struct tg_api_job *job)
{
    struct tg_json_writer writer;
    tg_json_write_init(&writer, &job->answer);
    tg_json_write_object_begin(&writer);
    tg_json_write_key(&writer, "items");
    tg_json_write_array_begin(&writer);
    for (size_t i = 0; i < tg_registry_count(); ++i) {
        const struct tg_registry_row *row = tg_registry_at(i);
        tg_json_write_object_begin(&writer);
        write_text(&writer, "name", row->name);
        write_text(&writer, "display_name", row->display_name);
        write_text(&writer, "base_url", row->base_url);
        write_text(&writer, "auth", tg_registry_auth_name(row->auth));
        write_lists(&writer, row);
        write_text(&writer, "note", row->note);
        write_text(&writer, "checked", row->checked);
        write_text(&writer, "documentation", row->documentation);
        tg_json_write_object_end(&writer);
    }
    tg_json_write_array_end(&writer);
    tg_json_write_object_end(&writer);
    if (tg_json_write_finish(&writer) == TG_OK)
        tg_api_answer(job, 200, "application/json");
    else
        tg_refuse(&job->refusal, TG_REFUSAL_INTERNAL, "The registry does not fit into an answer.");
}
