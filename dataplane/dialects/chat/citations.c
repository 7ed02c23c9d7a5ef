#include "common/codec/json_scan.h"
#include "dataplane/dialects/chat/decode_internal.h"

/* No answer has reason to cite more. */
enum { MAX_CITATIONS = 256 };

struct citations {
    struct tg_arena *arena;
    struct tg_citation *list;
    size_t count;
};

static struct tg_citation *add(struct citations *citations)
{
    if (citations->list == NULL)
        citations->list = tg_arena_alloc(citations->arena, MAX_CITATIONS * sizeof(*citations->list));
    struct tg_citation *citation = &citations->list[citations->count++];
    memset(citation, 0, sizeof(*citation));
    citation->document_index = citation->begin = citation->end = -1;
    return citation;
}

static int64_t place_of(const struct tg_json_token *token)
{
    int64_t place = -1;
    bool is_good = token->kind == TG_JSON_NUMBER && tg_json_to_i64(token->value, &place) == TG_OK && place >= 0;
    return is_good ? place : -1;
}

/* {"url": …, "title": …, "start_index": …, "end_index": …} */
static void read_source(struct citations *citations, struct tg_json_scan *scan, const struct tg_json_token *object)
{
    struct tg_citation *citation = add(citations);
    struct tg_json_token member;
    while (tg_json_scan_next_in(scan, object, &member)) {
        struct tg_text value = member.kind == TG_JSON_STRING ? member.value : tg_text(NULL, 0);
        if (tg_json_text_is(member.key, "url"))
            citation->url = tg_json_string(value);
        else if (tg_json_text_is(member.key, "title"))
            citation->title = tg_json_string(value);
        else if (tg_json_text_is(member.key, "content")) /* OpenRouter: what was found there */
            citation->quote = tg_json_string(value);
        else if (tg_json_text_is(member.key, "start_index"))
            citation->begin = place_of(&member);
        else if (tg_json_text_is(member.key, "end_index"))
            citation->end = place_of(&member);
    }
    if (tg_json_string_is_empty(citation->url))
        --citations->count;
}

static const struct tg_citation *read(struct tg_arena *arena, struct tg_text array, bool are_annotations, size_t *count)
{
    struct citations citations = {arena, NULL, 0};
    struct tg_json_scan scan;
    struct tg_json_token root, entry, member;
    tg_json_scan_init(&scan, array);
    bool is_array = tg_json_scan_next(&scan, &root) == TG_JSON_BEGIN && root.kind == TG_JSON_ARRAY;
    while (is_array && citations.count < MAX_CITATIONS && tg_json_scan_next_in(&scan, &root, &entry)) {
        if (entry.kind != TG_JSON_OBJECT)
            continue;
        if (!are_annotations)
            read_source(&citations, &scan, &entry);
        while (are_annotations && citations.count < MAX_CITATIONS && tg_json_scan_next_in(&scan, &entry, &member))
            if (member.kind == TG_JSON_OBJECT && tg_json_text_is(member.key, "url_citation"))
                read_source(&citations, &scan, &member);
    }
    *count = citations.count;
    return citations.list;
}

const struct tg_citation *chat_annotations_read(struct tg_arena *arena, struct tg_text annotations, size_t *count)
{
    return read(arena, annotations, true, count);
}

const struct tg_citation *chat_search_results_read(struct tg_arena *arena, struct tg_text results, size_t *count)
{
    return read(arena, results, false, count);
}
