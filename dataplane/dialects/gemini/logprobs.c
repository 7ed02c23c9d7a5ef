/* https://ai.google.dev/api/generate-content#LogprobsResult: for each token the one that was chosen, and beside it the
 * likeliest ones; the canonical form is OpenAI's, with these inside of that. */
#include "dataplane/dialects/gemini/gemini_internal.h"

struct token {
    struct tg_json_string token;
    struct tg_text logprob; /* a number as written */
};

/* Of either form. */
static struct token read_token(struct tg_json_scan *scan, const struct tg_json_token *object)
{
    struct token token = {{{NULL, 0}}, {NULL, 0}};
    struct tg_json_token member;
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, object, &member)) {
        if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "token"))
            token.token = tg_json_string(member.value);
        else if (member.kind == TG_JSON_NUMBER &&
                 (tg_gemini_is(member.key, "logProbability") || tg_json_text_is(member.key, "logprob")))
            token.logprob = member.value;
    }
    return token;
}

static void write_token(struct tg_json_writer *json, const struct token *token)
{
    gemini_write_member(json, "token", token->token);
    tg_json_write_key(json, "logprob");
    tg_json_write_raw(json, token->logprob.bytes == 0 ? tg_text_of("0") : token->logprob);
    tg_json_write_key(json, "bytes");
    tg_json_write_null(json);
}

/* {"candidates": […]} */
static void write_top(struct tg_json_writer *json, struct tg_json_scan *scan, const struct tg_json_token *object)
{
    struct tg_json_token member, element;
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, object, &member)) {
        while (member.kind == TG_JSON_ARRAY && tg_json_scan_next_in(scan, &member, &element)) {
            struct token token = read_token(scan, &element);
            tg_json_write_object_begin(json);
            write_token(json, &token);
            tg_json_write_object_end(json);
        }
    }
}

struct tg_text gemini_read_logprobs(struct tg_arena *arena, struct tg_text logprobs_result)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    struct gemini_list chosen, top;
    struct tg_text chosen_array = tg_text(NULL, 0), top_array = tg_text(NULL, 0);
    struct tg_json_writer json;
    struct tg_buf buf;
    tg_json_scan_init(&scan, logprobs_result);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return tg_text(NULL, 0);
    while (tg_json_scan_next_in(&scan, &root, &member)) {
        if (member.kind != TG_JSON_ARRAY || !tg_json_scan_skip(&scan, &member))
            continue;
        if (tg_gemini_is(member.key, "chosenCandidates"))
            chosen_array = member.value;
        else if (tg_gemini_is(member.key, "topCandidates"))
            top_array = member.value;
    }
    if (chosen_array.bytes == 0)
        return tg_text(NULL, 0);
    tg_buf_init(&buf, 64 + 40 * logprobs_result.bytes); /* "{}" is the shortest that becomes a token */
    tg_json_write_init(&json, &buf);
    tg_json_write_array_begin(&json);
    gemini_list_begin(&chosen, chosen_array);
    gemini_list_begin(&top, top_array);
    while (gemini_list_next(&chosen, &member)) {
        struct token token = read_token(&chosen.scan, &member);
        tg_json_write_object_begin(&json);
        write_token(&json, &token);
        tg_json_write_key(&json, "top_logprobs");
        tg_json_write_array_begin(&json);
        if (gemini_list_next(&top, &member))
            write_top(&json, &top.scan, &member);
        tg_json_write_array_end(&json);
        tg_json_write_object_end(&json);
    }
    tg_json_write_array_end(&json);
    bool is_whole = tg_json_write_finish(&json) == TG_OK;
    struct tg_text array = is_whole ? tg_arena_copy(arena, tg_buf_text(&buf)) : tg_text(NULL, 0);
    tg_buf_deinit(&buf);
    return array;
}

/* ---- telling ---- */

static enum tg_status add_token(struct tg_growing *growing, struct tg_arena *arena, const struct token *token)
{
    enum tg_status status = tg_growing_append(growing, arena, tg_text_of("{\"token\":\""));
    if (status == TG_OK)
        status = tg_growing_append(growing, arena, token->token.written);
    if (status == TG_OK)
        status = tg_growing_append(growing, arena, tg_text_of("\",\"logProbability\":"));
    if (status == TG_OK)
        status = tg_growing_append(growing, arena, token->logprob.bytes == 0 ? tg_text_of("0") : token->logprob);
    return status == TG_OK ? tg_growing_append(growing, arena, tg_text_of("},")) : status;
}

static void end_list(struct tg_growing *growing)
{
    if (growing->bytes != 0 && growing->data[growing->bytes - 1] == ',')
        --growing->bytes;
}

/* One element of the canonical array. */
static enum tg_status add_element(struct tg_arena *arena, struct tg_json_scan *scan, const struct tg_json_token *object,
                                  struct tg_growing *chosen, struct tg_growing *top)
{
    struct token token = {{{NULL, 0}}, {NULL, 0}};
    struct tg_json_token member, element;
    enum tg_status status = tg_growing_append(top, arena, tg_text_of("{\"candidates\":["));
    while (status == TG_OK && object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, object, &member)) {
        if (member.kind == TG_JSON_STRING && tg_json_text_is(member.key, "token"))
            token.token = tg_json_string(member.value);
        else if (member.kind == TG_JSON_NUMBER && tg_json_text_is(member.key, "logprob"))
            token.logprob = member.value;
        else if (member.kind == TG_JSON_ARRAY && tg_json_text_is(member.key, "top_logprobs"))
            while (status == TG_OK && tg_json_scan_next_in(scan, &member, &element)) {
                struct token other = read_token(scan, &element);
                status = add_token(top, arena, &other);
            }
    }
    end_list(top);
    if (status == TG_OK)
        status = tg_growing_append(top, arena, tg_text_of("]},"));
    return status == TG_OK ? add_token(chosen, arena, &token) : status;
}

enum tg_status gemini_add_logprobs(struct tg_arena *arena, struct tg_text array, struct tg_growing *chosen,
                                   struct tg_growing *top)
{
    struct gemini_list list;
    struct tg_json_token token;
    enum tg_status status = TG_OK;
    gemini_list_begin(&list, array);
    while (status == TG_OK && gemini_list_next(&list, &token))
        status = add_element(arena, &list.scan, &token, chosen, top);
    return status;
}
