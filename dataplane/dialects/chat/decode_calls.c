/* Tool calls in an answer. They stay open until the choice is finished, because servers may go back to an earlier one.
 */
#include "dataplane/dialects/chat/decode_internal.h"

static int64_t index_of(const struct tg_part *part)
{
    int64_t index = -1;
    if (part->raw.bytes == 0 || tg_json_to_i64(part->raw, &index) != TG_OK)
        return -1;
    return index;
}

static uint64_t hash_of(struct tg_json_string id)
{
    return tg_json_string_is_empty(id) ? 0 : tg_text_hash(id.written, 1);
}

/* Which call a piece belongs to; NULL if it begins one. Some servers number all calls alike, or not at all: then a new
 * id tells. */
static struct chat_decode_call *find_call(const struct chat_speaking *speaking, const struct tg_part *part)
{
    struct chat_decode_call *found = NULL;
    int64_t index = index_of(part);
    uint64_t id_hash = hash_of(part->call_id);
    if (speaking->decoding->decoder->is_whole)
        return NULL;
    for (struct chat_decode_call *call = speaking->choice->calls; call != NULL; call = call->next)
        if (index < 0 || call->index == index)
            found = call;
    bool is_named = !tg_json_string_is_empty(part->name);
    if (found == NULL || !found->has_begun || !is_named)
        return found;
    bool is_another = index < 0 ? id_hash == 0 || id_hash != found->id_hash
                                : id_hash != 0 && found->id_hash != 0 && id_hash != found->id_hash;
    return is_another ? NULL : found;
}

static struct chat_decode_call *add_call(struct chat_speaking *speaking, const struct tg_part *part)
{
    struct chat_decode_choice *choice = speaking->choice;
    struct chat_decoder *decoder = speaking->decoding->decoder;
    if (decoder->part_count >= CHAT_MAX_PARTS) {
        chat_fail_because(speaking->decoding, "The provider's answer has more parts than the gateway translates.");
        return NULL;
    }
    struct chat_decode_call *call = tg_arena_calloc(decoder->arena, sizeof(*call));
    call->index = index_of(part);
    if (choice->last_call == NULL)
        choice->calls = call;
    else
        choice->last_call->next = call;
    choice->last_call = call;
    ++decoder->part_count; /* counted before it begins: names may never come */
    return call;
}

static void begin_call(struct chat_speaking *speaking, struct chat_decode_call *call, const struct tg_part *part)
{
    chat_end_words(speaking, NULL);
    --speaking->decoding->decoder->part_count;
    int number = chat_begin_part(
        speaking, (struct tg_answer_event){.part_kind = TG_PART_TOOL_CALL, .call_id = call->id, .name = part->name});
    if (number == CHAT_NO_PART)
        return;
    call->has_begun = true;
    call->part = (unsigned)number;
    if (call->is_custom)
        chat_say_delta(speaking, number, tg_json_string_literal("{\\\"input\\\":\\\""));
}

void chat_take_call(struct chat_speaking *speaking, const struct tg_part *part)
{
    struct tg_arena *scratch = speaking->decoding->scratch;
    struct chat_decode_call *call = find_call(speaking, part);
    if (call == NULL)
        call = add_call(speaking, part);
    if (call == NULL)
        return;
    if (call->id_hash == 0 && !tg_json_string_is_empty(part->call_id)) {
        call->id_hash = hash_of(part->call_id);
        call->id = tg_json_string(tg_arena_copy(speaking->decoding->decoder->arena, part->call_id.written));
    }
    call->is_custom |= part->text.written.data != NULL;
    if (!call->has_begun && !tg_json_string_is_empty(part->name))
        begin_call(speaking, call, part);
    if (!call->has_begun)
        return;
    chat_say_signature(speaking, (int)call->part, part->signature_origin, part->signature);
    if (call->is_custom) /* a JSON text in a JSON string: escaped once more */
        chat_say_delta(speaking, (int)call->part, tg_json_string_of(scratch, part->text.written));
    else if (part->arguments.raw.bytes != 0)
        chat_say_delta(speaking, (int)call->part, tg_arguments_string(scratch, &part->arguments));
}

void chat_end_calls(struct chat_speaking *speaking)
{
    for (struct chat_decode_call *call = speaking->choice->calls; call != NULL; call = call->next) {
        int part = (int)call->part;
        if (!call->has_begun)
            continue;
        if (call->is_custom)
            chat_say_delta(speaking, part, tg_json_string_literal("\\\"}"));
        chat_end_part(speaking, &part);
    }
    speaking->choice->calls = speaking->choice->last_call = NULL;
}
