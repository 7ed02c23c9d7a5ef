/* https://ai.google.dev/gemini-api/docs/google-search: groundingChunks are the sources, groundingSupports say which
 * part of the text, in octets, is founded on which of them. */
#include "dataplane/dialects/gemini/gemini_internal.h"

enum { MAX_SOURCES = 256, MAX_CITATIONS = 1024 };

struct sources {
    struct tg_citation list[MAX_SOURCES];
    size_t count;
};

struct citations {
    struct tg_citation *list;
    size_t count;
};

static struct tg_citation unplaced(void)
{
    return (struct tg_citation){.document_index = -1, .begin = -1, .end = -1};
}

/* {"web": {…}}, {"retrievedContext": {…}}, {"maps": {…}}, {"image": {…}} */
static void read_source(struct tg_json_scan *scan, const struct tg_json_token *object, struct sources *sources)
{
    struct tg_json_token kind, member;
    if (sources->count == MAX_SOURCES)
        return;
    struct tg_citation *source = &sources->list[sources->count++];
    *source = unplaced();
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, object, &kind)) {
        while (kind.kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, &kind, &member)) {
            if (member.kind != TG_JSON_STRING)
                continue;
            if (tg_json_text_is(member.key, "uri") || tg_gemini_is(member.key, "sourceUri"))
                source->url = tg_json_string(member.value);
            else if (tg_json_text_is(member.key, "title"))
                source->title = source->document_title = tg_json_string(member.value);
            else if (tg_json_text_is(member.key, "text"))
                source->quote = tg_json_string(member.value);
        }
    }
}

struct segment {
    int64_t begin, end;
};

static void read_segment(struct tg_json_scan *scan, const struct tg_json_token *object, struct segment *segment)
{
    struct tg_json_token member;
    segment->begin = 0; /* a zero is left out */
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, object, &member)) {
        bool is_begin = tg_gemini_is(member.key, "startIndex"), is_end = tg_gemini_is(member.key, "endIndex");
        int64_t *place = is_begin ? &segment->begin : &segment->end;
        if (member.kind == TG_JSON_NUMBER && (is_begin || is_end) && tg_json_to_i64(member.value, place) != TG_OK)
            *place = -1;
    }
}

enum { MAX_INDICES = 64 };

static void read_support(struct tg_json_scan *scan, const struct tg_json_token *object, const struct sources *sources,
                         const struct gemini_ruler *ruler, struct citations *citations)
{
    struct tg_json_token member, element;
    struct segment segment = {-1, -1};
    int64_t indices[MAX_INDICES];
    size_t count = 0;
    while (object->kind == TG_JSON_OBJECT && tg_json_scan_next_in(scan, object, &member)) {
        if (tg_json_text_is(member.key, "segment"))
            read_segment(scan, &member, &segment);
        else if (member.kind == TG_JSON_ARRAY && tg_gemini_is(member.key, "groundingChunkIndices"))
            while (tg_json_scan_next_in(scan, &member, &element))
                if (count < MAX_INDICES && element.kind == TG_JSON_NUMBER &&
                    tg_json_to_i64(element.value, &indices[count]) == TG_OK)
                    ++count;
    }
    for (size_t i = 0; i < count && citations->count < MAX_CITATIONS; ++i) {
        if (indices[i] < 0 || (uint64_t)indices[i] >= sources->count)
            continue;
        struct tg_citation *citation = &citations->list[citations->count++];
        *citation = sources->list[indices[i]];
        citation->begin = gemini_ruler_characters(ruler, segment.begin);
        citation->end = gemini_ruler_characters(ruler, segment.end);
    }
}

static struct tg_text array_of(struct tg_text object, const char *name)
{
    struct tg_json_scan scan;
    struct tg_json_token root, member;
    tg_json_scan_init(&scan, object);
    if (tg_json_scan_next(&scan, &root) != TG_JSON_BEGIN || root.kind != TG_JSON_OBJECT)
        return tg_text(NULL, 0);
    while (tg_json_scan_next_in(&scan, &root, &member))
        if (member.kind == TG_JSON_ARRAY && tg_gemini_is(member.key, name) && tg_json_scan_skip(&scan, &member))
            return member.value;
    return tg_text(NULL, 0);
}

size_t gemini_read_grounding(struct tg_arena *arena, struct tg_text grounding, const struct gemini_ruler *ruler,
                             const struct tg_citation **citations)
{
    struct sources *sources = tg_arena_alloc(arena, sizeof(*sources));
    struct citations found = {.count = 0};
    struct gemini_list list;
    struct tg_json_token token;
    sources->count = 0;
    gemini_list_begin(&list, array_of(grounding, "groundingChunks"));
    while (gemini_list_next(&list, &token))
        read_source(&list.scan, &token, sources);
    found.list = tg_arena_alloc(arena, MAX_CITATIONS * sizeof(*found.list));
    gemini_list_begin(&list, array_of(grounding, "groundingSupports"));
    while (gemini_list_next(&list, &token))
        read_support(&list.scan, &token, sources, ruler, &found);
    *citations = found.count != 0 ? found.list : sources->list;
    return found.count != 0 ? found.count : sources->count;
}

/* ---- telling ---- */

static enum tg_status append(struct tg_growing *growing, struct tg_arena *arena, struct tg_buf *buf)
{
    enum tg_status status = tg_growing_append(growing, arena, tg_buf_text(buf));
    tg_buf_deinit(buf);
    return status == TG_OK ? tg_growing_append(growing, arena, tg_text_of(",")) : status;
}

enum { FRAME_BYTES = 256 };

static enum tg_status add_source(struct gemini_grounding *grounding, struct tg_arena *arena,
                                 const struct tg_citation *citation)
{
    struct tg_json_writer json;
    struct tg_buf buf;
    bool is_web = !tg_json_string_is_empty(citation->url);
    struct tg_json_string title = tg_json_string_is_empty(citation->title) ? citation->document_title : citation->title;
    tg_buf_init(&buf, FRAME_BYTES + citation->url.written.bytes + title.written.bytes + citation->quote.written.bytes);
    tg_json_write_init(&json, &buf);
    tg_json_write_object_begin(&json);
    tg_json_write_key(&json, is_web ? "web" : "retrievedContext");
    tg_json_write_object_begin(&json);
    if (is_web)
        gemini_write_member(&json, "uri", citation->url);
    if (!tg_json_string_is_empty(title))
        gemini_write_member(&json, "title", title);
    if (!is_web)
        gemini_write_member(&json, "text", citation->quote);
    tg_json_write_object_end(&json);
    tg_json_write_object_end(&json);
    enum tg_status status = tg_json_write_finish(&json);
    enum tg_status appended = append(&grounding->chunks, arena, &buf);
    return status == TG_OK ? appended : status;
}

static enum tg_status add_support(struct gemini_grounding *grounding, struct tg_arena *arena,
                                  const struct tg_citation *citation, const struct gemini_ruler *ruler)
{
    struct tg_json_writer json;
    struct tg_buf buf;
    int64_t begin = gemini_ruler_octets(ruler, citation->begin), end = gemini_ruler_octets(ruler, citation->end);
    if (begin < 0 || end < begin)
        return TG_OK;
    tg_buf_init(&buf, FRAME_BYTES);
    tg_json_write_init(&json, &buf);
    tg_json_write_object_begin(&json);
    tg_json_write_key(&json, "segment");
    tg_json_write_object_begin(&json);
    gemini_write_count(&json, "startIndex", begin);
    gemini_write_count(&json, "endIndex", end);
    tg_json_write_object_end(&json);
    tg_json_write_key(&json, "groundingChunkIndices");
    tg_json_write_array_begin(&json);
    tg_json_write_i64(&json, grounding->count);
    tg_json_write_array_end(&json);
    tg_json_write_object_end(&json);
    enum tg_status status = tg_json_write_finish(&json);
    enum tg_status appended = append(&grounding->supports, arena, &buf);
    return status == TG_OK ? appended : status;
}

enum tg_status gemini_grounding_add(struct gemini_grounding *grounding, struct tg_arena *arena,
                                    const struct tg_answer_event *event, const struct gemini_ruler *ruler)
{
    enum tg_status status = TG_OK;
    if (event->raw.bytes != 0 && event->signature_origin == TG_DIALECT_GEMINI) {
        struct gemini_list list;
        struct tg_json_token token;
        gemini_list_begin(&list, event->raw);
        while (gemini_list_next(&list, &token))
            if (token.kind == TG_JSON_OBJECT && tg_json_scan_skip(&list.scan, &token))
                grounding->own = tg_arena_copy(arena, token.value);
        return TG_OK;
    }
    for (size_t i = 0; status == TG_OK && i < event->citation_count && grounding->count < MAX_CITATIONS; ++i) {
        status = add_source(grounding, arena, &event->citations[i]);
        if (status == TG_OK)
            status = add_support(grounding, arena, &event->citations[i], ruler);
        ++grounding->count;
    }
    return status;
}

static void write_list(struct tg_json_writer *json, const char *key, const struct tg_growing *elements)
{
    struct tg_text list = tg_growing_text(elements);
    if (list.bytes == 0)
        return;
    list.bytes -= 1; /* the last comma */
    tg_json_write_key(json, key);
    tg_json_write_array_begin(json);
    tg_json_write_raw(json, list);
    tg_json_write_array_end(json);
}

void gemini_write_grounding(struct tg_json_writer *json, const struct gemini_grounding *grounding)
{
    if (grounding->own.bytes == 0 && grounding->count == 0)
        return;
    tg_json_write_key(json, "groundingMetadata");
    if (grounding->own.bytes != 0) {
        tg_json_write_raw(json, grounding->own);
        return;
    }
    tg_json_write_object_begin(json);
    write_list(json, "groundingChunks", &grounding->chunks);
    write_list(json, "groundingSupports", &grounding->supports);
    tg_json_write_object_end(json);
}
