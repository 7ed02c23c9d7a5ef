#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/dialects/operations/operations.h"

struct reading {
    struct tg_arena arena;
    struct tg_text body;
    struct tg_model_request request;
    struct tg_client_error error;
    bool is_good;
};

/* Reads an exact heap copy, so that AddressSanitizer sees every stray read. */
static struct reading read_embedding(const char *body)
{
    struct reading reading;
    tg_arena_init(&reading.arena);
    size_t bytes = strlen(body);
    char *copy = malloc(bytes + (bytes == 0));
    memcpy(copy, body, bytes);
    reading.body = tg_text(copy, bytes);
    struct tg_request_source source = {.arena = &reading.arena, .body = reading.body};
    reading.is_good = tg_operations_embeddings.read_request(&source, &reading.request, &reading.error);
    return reading;
}

static void forget(struct reading *reading)
{
    free((char *)(uintptr_t)reading->body.data);
    tg_arena_deinit(&reading->arena);
}

static int64_t inputs_of(const char *input)
{
    char body[256];
    snprintf(body, sizeof(body), "{\"model\":\"m\",\"input\":%s}", input);
    struct reading reading = read_embedding(body);
    assert_true(reading.is_good);
    assert_int_equal(reading.request.prompt_bytes, strlen(input) - (input[0] == '"' ? strlen("\"\"") : 0));
    int64_t inputs = reading.request.inputs;
    forget(&reading);
    return inputs;
}

static void the_texts_of_an_embedding_are_counted(void **state)
{
    assert_int_equal(inputs_of("\"one\""), 1);
    assert_int_equal(inputs_of("[\"one\"]"), 1);
    assert_int_equal(inputs_of("[\"one\",\"two\",\"three\"]"), 3);
    assert_int_equal(inputs_of("[1,2,3,4]"), 1);
    assert_int_equal(inputs_of("[[1,2],[3,4]]"), 2);
}

static void an_embedding_needs_its_input_and_nothing_of_a_chat(void **state)
{
    struct reading missing = read_embedding("{\"model\":\"m\",\"messages\":[]}");
    assert_int_equal(missing.error.code, TG_ERROR_MISSING_PARAMETER);
    assert_true(tg_text_is(missing.error.param, "input"));
    forget(&missing);
    struct reading odd = read_embedding("{\"model\":\"m\",\"input\":5}");
    assert_int_equal(odd.error.code, TG_ERROR_INVALID_TYPE);
    forget(&odd);
    struct reading other = read_embedding("{\"model\":\"m\",\"input\":\"x\",\"stream\":7,\"n\":-1}");
    assert_true(other.is_good);
    assert_false(other.request.is_streaming);
    forget(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_texts_of_an_embedding_are_counted),
        cmocka_unit_test(an_embedding_needs_its_input_and_nothing_of_a_chat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
