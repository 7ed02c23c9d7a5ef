#include "dataplane/estimate/estimate.h"

#include "dataplane/estimate/written.h"

/* No text is sampled by less, while there is room: a few bytes cut out of a sentence have more tokens than it. */
enum { SHORTEST_SAMPLE_BYTES = 256 };

/* One walk over all that is said finds out how much it is, another counts. */
struct walk {
    bool is_counting;
    size_t text_bytes;   /* of all texts */
    size_t opaque_bytes; /* what is sent as data and is no text */
    int64_t pictures, turns, names;
    enum tg_vocabulary vocabulary;
    size_t sampled_bytes; /* so much was counted, */
    int64_t tokens;       /* and came to this */
};

int64_t tg_estimate_bytes(size_t bytes)
{
    return (int64_t)(bytes / 4 + (bytes % 4 != 0));
}

static int64_t count(struct tg_text written, enum tg_vocabulary vocabulary)
{
    struct tg_arena scratch; /* for at most a sample */
    tg_arena_init(&scratch);
    int64_t tokens = tg_tokens_count(vocabulary, estimate_plain(&scratch, written));
    tg_arena_deinit(&scratch);
    return tokens;
}

/* As many tokens for all as the sample has for its bytes, rounded up. */
static int64_t extrapolate(int64_t tokens, size_t sampled_bytes, size_t all_bytes)
{
    if (sampled_bytes == 0)
        return tg_estimate_bytes(all_bytes);
    if (sampled_bytes == all_bytes)
        return tokens;
    unsigned __int128 scaled = (unsigned __int128)tokens * all_bytes + sampled_bytes - 1;
    return (int64_t)(scaled / sampled_bytes);
}

int64_t tg_estimate_text(struct tg_text known, size_t all_bytes, enum tg_vocabulary vocabulary)
{
    if (known.bytes > TG_ESTIMATE_SAMPLE_BYTES)
        known.bytes = TG_ESTIMATE_SAMPLE_BYTES;
    int64_t tokens = known.bytes == 0 ? 0 : count(known, vocabulary);
    return extrapolate(tokens, known.bytes, all_bytes > known.bytes ? all_bytes : known.bytes);
}

/* ---- prompts ---- */

/* How much of one text is counted: all of it where all texts together are few, else its share. */
static size_t share(const struct walk *walk, size_t bytes)
{
    size_t room = TG_ESTIMATE_SAMPLE_BYTES - walk->sampled_bytes;
    size_t part = bytes;
    if (walk->text_bytes > TG_ESTIMATE_SAMPLE_BYTES) {
        part = (size_t)((unsigned __int128)bytes * TG_ESTIMATE_SAMPLE_BYTES / walk->text_bytes);
        if (part < SHORTEST_SAMPLE_BYTES)
            part = SHORTEST_SAMPLE_BYTES;
    }
    if (part > room)
        part = room;
    return part < bytes ? part : bytes;
}

static void take_text(struct walk *walk, struct tg_text written)
{
    if (!walk->is_counting) {
        walk->text_bytes += written.bytes;
        return;
    }
    size_t bytes = share(walk, written.bytes);
    if (bytes == 0)
        return;
    walk->tokens += count(tg_text(written.data, bytes), walk->vocabulary);
    walk->sampled_bytes += bytes;
}

static void take_media(struct walk *walk, const struct tg_part *part)
{
    const struct tg_media *media = part->media;
    if (media == NULL)
        return;
    take_text(walk, media->title.written);
    take_text(walk, media->context.written);
    if (media->source == TG_MEDIA_TEXT)
        take_text(walk, media->data.written);
    else if (walk->is_counting && part->kind == TG_PART_IMAGE)
        ++walk->pictures;
    else if (walk->is_counting)
        walk->opaque_bytes += media->data.written.bytes;
}

static void take_part(struct walk *walk, const struct tg_part *part)
{
    take_text(walk, part->text.written);
    take_media(walk, part);
    if (part->kind == TG_PART_TOOL_CALL) {
        take_text(walk, part->name.written);
        take_text(walk, part->arguments.raw);
    }
    take_text(walk, part->kind == TG_PART_OTHER ? part->raw : tg_text(NULL, 0));
}

static void take_turn(struct walk *walk, const struct tg_turn *turn)
{
    take_text(walk, turn->name.written);
    if (walk->is_counting) {
        ++walk->turns;
        walk->names += turn->name.written.bytes != 0;
    }
    for (const struct tg_part *part = turn->parts; part != NULL; part = part->next) {
        take_part(walk, part);
        for (const struct tg_part *content = part->content; content != NULL; content = content->next)
            take_part(walk, content);
    }
}

static void take_tool(struct walk *walk, const struct tg_tool *tool)
{
    bool is_raw = tool->kind == TG_TOOL_OTHER || tool->kind == TG_TOOL_WEB_SEARCH;
    take_text(walk, is_raw ? tool->raw : tool->name.written);
    if (is_raw)
        return;
    take_text(walk, tool->description.written);
    take_text(walk, tool->parameters);
    take_text(walk, tool->grammar.written);
}

static void take_request(struct walk *walk, const struct tg_model_request *request)
{
    for (const struct tg_turn *turn = request->turns; turn != NULL; turn = turn->next)
        take_turn(walk, turn);
    for (const struct tg_tool *tool = request->tools; tool != NULL; tool = tool->next)
        take_tool(walk, tool);
    take_text(walk, request->format.schema);
}

int64_t tg_estimate_prompt(const struct tg_model_request *request, enum tg_vocabulary vocabulary)
{
    struct walk walk = {.vocabulary = vocabulary};
    if (request->turns == NULL || request->untranslatable != NULL)
        return tg_estimate_bytes(request->prompt_bytes);
    take_request(&walk, request);
    walk.is_counting = true;
    take_request(&walk, request);
    return extrapolate(walk.tokens, walk.sampled_bytes, walk.text_bytes) + tg_estimate_bytes(walk.opaque_bytes) +
           walk.pictures * TG_ESTIMATE_PICTURE_TOKENS + tg_tokens_chat_overhead(walk.turns, walk.names);
}
