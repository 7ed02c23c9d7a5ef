#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>

#include "common/base/file.h"
#include "common/codec/yaml.h"
#include "dataplane/dialects/canonical/passage.h"
#include "dataplane/dialects/chat/chat.h"

enum { OUT_BYTES = 4 << 20 };

#define CHUNK(delta)                                                                                                   \
    "data: {\"id\":\"c\",\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":" delta "}],\"usage\":null}\n\n"
#define USAGE                                                                                                          \
    "data: {\"id\":\"c\",\"model\":\"gpt-x\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,"   \
    "\"total_tokens\":11}}\n\n"
#define DONE "data: [DONE]\n\n"

struct passage {
    struct tg_passage stream;
    struct tg_buf out;
};

/* Passes exact heap copies of the pieces, so that AddressSanitizer sees every stray read. */
static void feed(struct passage *passage, struct tg_text piece)
{
    char *copy = malloc(piece.bytes + (piece.bytes == 0));
    memcpy(copy, piece.data, piece.bytes);
    assert_int_equal(tg_passage_feed(&passage->stream, tg_text(copy, piece.bytes), &passage->out), TG_OK);
    free(copy);
}

static void begin(struct passage *passage, bool hides_usage)
{
    tg_passage_init(&passage->stream, &tg_dialect_chat, hides_usage);
    tg_buf_init(&passage->out, OUT_BYTES);
}

static void end(struct passage *passage)
{
    tg_passage_deinit(&passage->stream);
    tg_buf_deinit(&passage->out);
}

/* In pieces of `piece_bytes`. */
static void pass_all(struct passage *passage, struct tg_text stream, bool hides_usage, size_t piece_bytes)
{
    begin(passage, hides_usage);
    for (size_t at = 0; at < stream.bytes; at += piece_bytes) {
        size_t left = stream.bytes - at;
        feed(passage, tg_text(stream.data + at, left < piece_bytes ? left : piece_bytes));
    }
    assert_int_equal(tg_passage_finish(&passage->stream, &passage->out), TG_OK);
}

static void pass_in_two(struct passage *passage, struct tg_text stream, bool hides_usage, size_t cut)
{
    begin(passage, hides_usage);
    feed(passage, tg_text(stream.data, cut));
    feed(passage, tg_text(stream.data + cut, stream.bytes - cut));
    assert_int_equal(tg_passage_finish(&passage->stream, &passage->out), TG_OK);
}

static void assert_out(const struct passage *passage, const char *wanted)
{
    if (!tg_text_is(tg_buf_text(&passage->out), wanted))
        fail_msg("passed on: %.*s\nwanted: %s", TG_TEXT_ARG(tg_buf_text(&passage->out)), wanted);
}

static const char STREAM[] =
    ": hello\n\n" CHUNK("{\"content\":\"Par\"}") "event: x\n" CHUNK("{\"content\":\"is\"}") USAGE DONE;

static void a_usage_chunk_that_nobody_asked_for_is_hidden_and_read(void **state)
{
    for (size_t cut = 0; cut < sizeof(STREAM); ++cut) {
        struct passage passage;
        pass_in_two(&passage, tg_text(STREAM, sizeof(STREAM) - 1), true, cut);
        assert_out(&passage, ": hello\n\n" CHUNK("{\"content\":\"Par\"}") "event: x\n" CHUNK("{\"content\":\"is\"}"));
        assert_true(tg_text_is(tg_buf_text(&passage.stream.end), DONE));
        assert_true(passage.stream.seen.is_done);
        assert_true(passage.stream.seen.has_usage);
        assert_int_equal(passage.stream.seen.usage.of[TG_USAGE_INPUT], 9);
        assert_int_equal(passage.stream.seen.usage.of[TG_USAGE_OUTPUT], 2);
        assert_int_equal(passage.stream.seen.text_bytes, 5);
        assert_true(tg_text_is(tg_text(passage.stream.seen.model, passage.stream.seen.model_bytes), "gpt-x"));
        end(&passage);
    }
}

static void a_usage_chunk_that_the_client_asked_for_passes(void **state)
{
    struct passage passage;
    pass_all(&passage, tg_text(STREAM, sizeof(STREAM) - 1), false, 7);
    assert_true(tg_text_starts_with(tg_buf_text(&passage.out), ": hello\n\n"));
    assert_int_equal(passage.out.bytes, sizeof(STREAM) - 1 - strlen(DONE));
    assert_memory_equal(passage.out.data, STREAM, passage.out.bytes);
    assert_true(passage.stream.seen.has_usage);
    end(&passage);
}

static void usage_beside_choices_is_read_and_passes(void **state)
{
    static const char BESIDE[] =
        "data: {\"model\":\"m\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\": "
        "{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n";
    struct passage passage;
    pass_all(&passage, tg_text(BESIDE, sizeof(BESIDE) - 1), true, 1000);
    assert_out(&passage, BESIDE);
    assert_true(passage.stream.seen.has_usage);
    assert_int_equal(passage.stream.seen.usage.of[TG_USAGE_OUTPUT], 4);
    end(&passage);
}

/* It is still a usage chunk, and the client did not ask for one; but nothing is booked by it. */
static void absurd_usage_is_hidden_but_not_believed(void **state)
{
    static const char ABSURD[] =
        CHUNK("{}") "data: {\"choices\" : [], \"usage\" : {\"prompt_tokens\" : -1, \"completion_tokens\" : 1e30}}\n\n";
    struct passage passage;
    pass_all(&passage, tg_text_of(ABSURD), true, sizeof(ABSURD));
    assert_false(passage.stream.seen.has_usage);
    assert_true(tg_text_is(tg_buf_text(&passage.out), CHUNK("{}")));
    end(&passage);
}

static void an_empty_list_of_choices_without_usage_passes(void **state)
{
    static const char FILTER[] = "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n";
    struct passage passage;
    pass_all(&passage, tg_text(FILTER, sizeof(FILTER) - 1), true, 5);
    assert_out(&passage, FILTER);
    assert_false(passage.stream.seen.has_usage);
    end(&passage);
}

static void words_about_usage_in_the_text_do_not_matter(void **state)
{
    static const char TALK[] = CHUNK("{\"content\":\"\\\"usage\\\":{\\\"prompt_tokens\\\":1}\"}");
    struct passage passage;
    pass_all(&passage, tg_text(TALK, sizeof(TALK) - 1), true, 1000);
    assert_out(&passage, TALK);
    assert_false(passage.stream.seen.has_usage);
    end(&passage);
}

static void an_error_event_passes_and_is_noticed(void **state)
{
    static const char ERROR[] = CHUNK("{}") "data: {\"error\":{\"message\":\"overloaded\"}}\n\n";
    struct passage passage;
    pass_all(&passage, tg_text(ERROR, sizeof(ERROR) - 1), true, 3);
    assert_out(&passage, ERROR);
    assert_true(passage.stream.seen.has_error);
    end(&passage);
}

static void what_is_not_json_passes_as_it_came(void **state)
{
    static const char ODD[] = "data: {\"usage\":{ not json\n\ndata\n\n\n\nid: 5\nretry: 10\n\n";
    struct passage passage;
    pass_all(&passage, tg_text(ODD, sizeof(ODD) - 1), true, 4);
    assert_out(&passage, ODD);
    end(&passage);
}

static void a_last_event_without_its_blank_line_is_taken_too(void **state)
{
    static const char CUT[] =
        CHUNK("{}") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}";
    struct passage passage;
    pass_all(&passage, tg_text(CUT, sizeof(CUT) - 1), true, 11);
    assert_out(&passage, CHUNK("{}"));
    assert_true(passage.stream.seen.has_usage);
    end(&passage);
}

static void the_end_is_held_back_until_it_is_wanted(void **state)
{
    struct passage passage;
    begin(&passage, true);
    feed(&passage, tg_text_of(CHUNK("{}") "data: [DONE]\r\n\r\n" CHUNK("{}")));
    assert_out(&passage, CHUNK("{}"));
    assert_true(tg_text_is(tg_buf_text(&passage.stream.end), "data: [DONE]\r\n\r\n"));
    end(&passage);
}

static void a_block_without_end_is_refused_within_the_bound(void **state)
{
    struct passage passage;
    enum tg_status status = TG_OK;
    char *piece = malloc(1 << 20);
    memset(piece, 'x', 1 << 20);
    begin(&passage, true);
    for (int i = 0; i < 9 && status == TG_OK; ++i)
        status = tg_passage_feed(&passage.stream, tg_text(piece, 1 << 20), &passage.out);
    assert_int_equal(status, TG_TOO_LARGE);
    free(piece);
    end(&passage);
}

/* ---- recorded streams ---- */

static const char *corpora(char *path, size_t bytes, const char *folder)
{
    const char *root = getenv("TOLLGATE_CORPORA");
    if (root != NULL)
        snprintf(path, bytes, "%s/cassettes/%s", root, folder);
    else
        snprintf(path, bytes, TG_PROJECT_ROOT "/../shared/data/cassettes/%s", folder);
    return path;
}

/* However it is cut, a recorded stream gives the same bytes and the same numbers; only pure usage chunks are missing.
 */
static void check_stream(struct tg_text stream, const char *name)
{
    static const size_t PIECES[] = {1, 2, 3, 7, 61, 1000, 16384};
    struct passage whole, open;
    pass_all(&whole, stream, true, stream.bytes);
    pass_all(&open, stream, false, stream.bytes);
    if (!whole.stream.seen.has_usage)
        fail_msg("%s: no usage was found", name);
    assert_int_equal(open.out.bytes + open.stream.end.bytes, stream.bytes);
    assert_memory_equal(open.out.data, stream.data, open.out.bytes);
    assert_true(whole.out.bytes <= open.out.bytes);
    for (size_t i = 0; i < sizeof(PIECES) / sizeof(PIECES[0]); ++i) {
        struct passage cut;
        pass_all(&cut, stream, true, PIECES[i]);
        assert_int_equal(cut.out.bytes, whole.out.bytes);
        assert_memory_equal(cut.out.data, whole.out.data, whole.out.bytes);
        assert_memory_equal(&cut.stream.seen.usage, &whole.stream.seen.usage, sizeof(whole.stream.seen.usage));
        assert_int_equal(cut.stream.seen.text_bytes, whole.stream.seen.text_bytes);
        end(&cut);
    }
    for (size_t at = 0; at < stream.bytes && stream.bytes < 4096; ++at) {
        struct passage cut;
        pass_in_two(&cut, stream, true, at);
        assert_int_equal(cut.out.bytes, whole.out.bytes);
        assert_memory_equal(cut.out.data, whole.out.data, whole.out.bytes);
        assert_memory_equal(&cut.stream.seen.usage, &whole.stream.seen.usage, sizeof(whole.stream.seen.usage));
        end(&cut);
    }
    end(&whole);
    end(&open);
}

static bool is_chat_stream(const tg_json *interaction, struct tg_text *stream)
{
    const tg_json *request = tg_json_member(interaction, "request");
    const tg_json *uri = tg_json_member(request, "uri");
    const tg_json *body = tg_json_member(tg_json_member(interaction, "response"), "body");
    const tg_json *string = tg_json_member(body, "string");
    if (!tg_json_is(uri, TG_JSON_STRING) || !tg_json_is(string, TG_JSON_STRING))
        return false;
    *stream = tg_json_text(string);
    return memmem(tg_json_text(uri).data, tg_json_text(uri).bytes, "chat/completions", 16) != NULL &&
           memmem(stream->data, stream->bytes, "data: {", 7) != NULL &&
           memmem(stream->data, stream->bytes, "\"usage\":{", 9) != NULL;
}

static int check_cassette(const char *path, const char *name)
{
    struct tg_buf content;
    struct tg_error error;
    tg_json *root = NULL;
    int checked = 0;
    assert_int_equal(tg_file_read(path, 16 << 20, &content, &error), TG_OK);
    bool may_fit = memmem(content.data, content.bytes, "data: {", 7) != NULL;
    if (may_fit && tg_yaml_parse(tg_buf_text(&content), &root, &error) == TG_OK) {
        const tg_json *interactions = tg_json_member(root, "interactions");
        for (size_t i = 0; i < tg_json_count(interactions); ++i) {
            struct tg_text stream;
            if (!is_chat_stream(tg_json_at(interactions, i), &stream))
                continue;
            check_stream(stream, name);
            ++checked;
        }
    }
    tg_json_destroy(root);
    tg_buf_deinit(&content);
    return checked;
}

static void recorded_streams_pass_the_same_however_they_are_cut(void **state)
{
    static const char *const FOLDERS[] = {"test_openai",   "test_deepseek", "test_groq",      "test_mistral",
                                          "test_cerebras", "test_xai",      "test_openrouter"};
    int checked = 0;
    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); ++i) {
        char folder[512], path[1024];
        DIR *entries = opendir(corpora(folder, sizeof(folder), FOLDERS[i]));
        struct dirent *entry;
        while (entries != NULL && (entry = readdir(entries)) != NULL) {
            if (strstr(entry->d_name, ".yaml") == NULL)
                continue;
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
            checked += check_cassette(path, entry->d_name);
        }
        if (entries != NULL)
            closedir(entries);
    }
    if (checked == 0) {
        print_message("SKIPPED: no recorded streams (set TOLLGATE_CORPORA to the folder that holds cassettes/)\n");
        skip();
    }
    print_message("%d recorded streams\n", checked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_usage_chunk_that_nobody_asked_for_is_hidden_and_read),
        cmocka_unit_test(a_usage_chunk_that_the_client_asked_for_passes),
        cmocka_unit_test(usage_beside_choices_is_read_and_passes),
        cmocka_unit_test(absurd_usage_is_hidden_but_not_believed),
        cmocka_unit_test(an_empty_list_of_choices_without_usage_passes),
        cmocka_unit_test(words_about_usage_in_the_text_do_not_matter),
        cmocka_unit_test(an_error_event_passes_and_is_noticed),
        cmocka_unit_test(what_is_not_json_passes_as_it_came),
        cmocka_unit_test(a_last_event_without_its_blank_line_is_taken_too),
        cmocka_unit_test(the_end_is_held_back_until_it_is_wanted),
        cmocka_unit_test(a_block_without_end_is_refused_within_the_bound),
        cmocka_unit_test(recorded_streams_pass_the_same_however_they_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
