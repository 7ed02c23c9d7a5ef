/* What models thought, as OpenRouter writes it: https://openrouter.ai/docs/guides/best-practices/reasoning-tokens
 * (reasoning_details). */
#include "dataplane/dialects/canonical/signature.h"
#include "dataplane/dialects/chat/chat_internal.h"

static const char *const kind_words[] = {
    [CHAT_DETAIL_TEXT] = "text",
    [CHAT_DETAIL_SUMMARY] = "summary",
    [CHAT_DETAIL_ENCRYPTED] = "encrypted",
};
static const char *const kind_types[] = {
    [CHAT_DETAIL_TEXT] = "reasoning.text",
    [CHAT_DETAIL_SUMMARY] = "reasoning.summary",
    [CHAT_DETAIL_ENCRYPTED] = "reasoning.encrypted",
};
enum { KIND_COUNT = sizeof(kind_words) / sizeof(kind_words[0]) };

struct entry {
    struct chat_detail detail;
    struct tg_json_string type, text;
};

/* The separator must not be in what it separates. */
static struct tg_json_string separable(struct tg_json_string string)
{
    bool has_separator = string.written.bytes != 0 && memchr(string.written.data, '~', string.written.bytes) != NULL;
    return has_separator ? tg_json_string(tg_text(NULL, 0)) : string;
}

static struct tg_json_string pack(struct tg_arena *arena, const struct chat_detail *detail)
{
    return tg_json_string(tg_arena_printf(arena, "%s~%.*s~%.*s~%.*s~%.*s", kind_words[detail->kind],
                                          TG_TEXT_ARG(detail->index), TG_TEXT_ARG(separable(detail->format).written),
                                          TG_TEXT_ARG(separable(detail->id).written),
                                          TG_TEXT_ARG(detail->signature.written)));
}

static struct tg_text next_word(struct tg_text *rest)
{
    const char *end = rest->bytes == 0 ? NULL : memchr(rest->data, '~', rest->bytes);
    struct tg_text word = *rest;
    if (end == NULL) {
        *rest = tg_text(NULL, 0);
        return word;
    }
    word.bytes = (size_t)(end - word.data);
    *rest = tg_text(end + 1, rest->bytes - word.bytes - 1);
    return word;
}

bool chat_detail_unpack(struct tg_json_string signature, struct chat_detail *detail)
{
    struct tg_text rest = signature.written;
    memset(detail, 0, sizeof(*detail));
    struct tg_text word = next_word(&rest);
    if (word.bytes == signature.written.bytes)
        return false;
    for (unsigned kind = 0; kind < KIND_COUNT; ++kind) {
        if (!tg_text_is(word, kind_words[kind]))
            continue;
        detail->kind = (enum chat_detail_kind)kind;
        detail->index = next_word(&rest);
        detail->format = tg_json_string(next_word(&rest));
        detail->id = tg_json_string(next_word(&rest));
        detail->signature = tg_json_string(rest);
        return true;
    }
    return false;
}

const char *chat_thinking_field(struct tg_json_string signature)
{
    static const char *const fields[] = {"reasoning_content", "reasoning", "thinking"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); ++i)
        if (tg_text_is(signature.written, fields[i]))
            return fields[i];
    return NULL;
}

static void write_optional(struct tg_json_writer *writer, const char *key, struct tg_json_string value)
{
    if (!tg_json_string_is_empty(value))
        chat_write_text_member(writer, key, value);
}

void chat_detail_write(struct tg_json_writer *writer, const struct chat_detail *detail, struct tg_json_string text,
                       unsigned index)
{
    uint64_t number = 0;
    tg_json_write_object_begin(writer);
    tg_json_write_key(writer, "type");
    tg_json_write_string(writer, tg_text_of(kind_types[detail->kind]));
    switch (detail->kind) {
    case CHAT_DETAIL_TEXT:
        chat_write_text_member(writer, "text", text);
        write_optional(writer, "signature", detail->signature);
        break;
    case CHAT_DETAIL_SUMMARY:
        chat_write_text_member(writer, "summary", text);
        break;
    case CHAT_DETAIL_ENCRYPTED:
        chat_write_text_member(writer, "data", detail->signature);
        break;
    }
    write_optional(writer, "id", detail->id);
    write_optional(writer, "format", detail->format);
    tg_json_write_key(writer, "index");
    bool is_number = tg_text_to_u64(detail->index, &number) && number <= INT64_MAX; /* clients may have changed it */
    tg_json_write_i64(writer, is_number ? (int64_t)number : index);
    tg_json_write_object_end(writer);
}

static void read_entry_member(const struct tg_json_token *member, struct entry *entry)
{
    struct tg_json_string value = tg_reading_string(member);
    if (tg_json_text_is(member->key, "type"))
        entry->type = value;
    else if (tg_json_text_is(member->key, "text") || tg_json_text_is(member->key, "summary"))
        entry->text = value;
    else if (tg_json_text_is(member->key, "signature") || tg_json_text_is(member->key, "data"))
        entry->detail.signature = value;
    else if (tg_json_text_is(member->key, "index") && member->kind == TG_JSON_NUMBER)
        entry->detail.index = member->value;
    else if (tg_json_text_is(member->key, "format"))
        entry->detail.format = value;
    else if (tg_json_text_is(member->key, "id"))
        entry->detail.id = value;
}

static void add_entry(struct tg_reading *reading, struct entry *entry)
{
    enum tg_dialect_id origin;
    for (unsigned kind = 0; kind < KIND_COUNT; ++kind)
        if (tg_json_string_is(entry->type, kind_types[kind]))
            entry->detail.kind = (enum chat_detail_kind)kind;
    bool is_encrypted = entry->detail.kind == CHAT_DETAIL_ENCRYPTED;
    struct tg_json_string signature = tg_signature_unmark(TG_DIALECT_CHAT, entry->detail.signature, &origin);
    struct tg_part *part = tg_request_add_part(reading->arena, reading->request, &reading->tail,
                                               is_encrypted ? TG_PART_REDACTED_THINKING : TG_PART_THINKING);
    part->text = entry->text;
    part->signature_origin = origin;
    part->signature = origin == TG_DIALECT_CHAT ? pack(reading->arena, &entry->detail) : signature;
}

void chat_read_reasoning_details(struct tg_reading *reading, struct tg_json_token *details)
{
    struct tg_json_token token, member;
    while (details->kind == TG_JSON_ARRAY && tg_json_scan_next_in(&reading->scan, details, &token)) {
        struct entry entry;
        memset(&entry, 0, sizeof(entry));
        while (token.kind == TG_JSON_OBJECT && tg_json_scan_next_in(&reading->scan, &token, &member))
            read_entry_member(&member, &entry);
        if (!tg_json_string_is_empty(entry.type))
            add_entry(reading, &entry);
    }
}
