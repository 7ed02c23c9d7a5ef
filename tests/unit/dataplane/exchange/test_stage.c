#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "dataplane/exchange/stage.h"

/* Stages that write down what is done with them, and answer as the test says. */
static char diary[256];
static enum tg_stage_answer answers[4]; /* of on_entry, by stage */
static enum tg_stage_answer resume_answer;
static struct tg_exchange *seen;

static void note(const char *what)
{
    assert_true(strlen(diary) + strlen(what) < sizeof(diary));
    strcat(diary, what);
}

#define STAGE(letter, index)                                                                                           \
    static enum tg_stage_answer letter##_enter(struct tg_exchange *exchange)                                           \
    {                                                                                                                  \
        seen = exchange;                                                                                               \
        note("+" #letter);                                                                                             \
        return answers[index];                                                                                         \
    }                                                                                                                  \
    static enum tg_stage_answer letter##_resume(struct tg_exchange *exchange, enum tg_exchange_event event)            \
    {                                                                                                                  \
        assert_int_equal(event, TG_EVENT_DECIDED);                                                                     \
        note("~" #letter);                                                                                             \
        return resume_answer;                                                                                          \
    }

#define FINISH(letter)                                                                                                 \
    static void letter##_finish(struct tg_exchange *exchange)                                                          \
    {                                                                                                                  \
        note("-" #letter);                                                                                             \
    }

STAGE(a, 0)
STAGE(b, 1)
STAGE(c, 2)
STAGE(d, 3)
FINISH(a)
FINISH(b)
FINISH(d)

static const struct tg_stage stages[] = {
    {"a", a_enter, a_resume, a_finish},
    {"b", b_enter, b_resume, b_finish},
    {"c", c_enter, c_resume, NULL},
    {"d", d_enter, d_resume, d_finish},
};
static const struct tg_pipeline pipeline = {.stages = stages, .count = 4};
static struct tg_exchange *const EXCHANGE = (struct tg_exchange *)&diary;

static struct tg_stage_run begin(enum tg_stage_answer a, enum tg_stage_answer b, enum tg_stage_answer c,
                                 enum tg_stage_answer d)
{
    diary[0] = '\0';
    answers[0] = a;
    answers[1] = b;
    answers[2] = c;
    answers[3] = d;
    resume_answer = TG_STAGE_CONTINUE;
    seen = NULL;
    return (struct tg_stage_run){&pipeline, 0};
}

static void stages_are_entered_in_order_and_finish_in_reverse(void **state)
{
    struct tg_stage_run run = begin(TG_STAGE_CONTINUE, TG_STAGE_CONTINUE, TG_STAGE_CONTINUE, TG_STAGE_REPLY);
    assert_int_equal(tg_stage_run_enter(&run, EXCHANGE), TG_STAGE_REPLY);
    assert_ptr_equal(seen, EXCHANGE);
    tg_stage_run_finish(&run, EXCHANGE);
    assert_string_equal(diary, "+a+b+c+d-d-b-a");
}

static void only_stages_that_were_entered_finish(void **state)
{
    struct tg_stage_run run = begin(TG_STAGE_CONTINUE, TG_STAGE_REPLY, TG_STAGE_CONTINUE, TG_STAGE_REPLY);
    assert_int_equal(tg_stage_run_enter(&run, EXCHANGE), TG_STAGE_REPLY);
    tg_stage_run_finish(&run, EXCHANGE);
    assert_string_equal(diary, "+a+b-b-a");
}

static void finishing_twice_is_finishing_once(void **state)
{
    struct tg_stage_run run = begin(TG_STAGE_CONTINUE, TG_STAGE_WAIT, TG_STAGE_CONTINUE, TG_STAGE_REPLY);
    tg_stage_run_enter(&run, EXCHANGE);
    tg_stage_run_finish(&run, EXCHANGE);
    tg_stage_run_finish(&run, EXCHANGE);
    assert_string_equal(diary, "+a+b-b-a");
}

static void a_stage_that_waited_goes_on_where_it_stood(void **state)
{
    struct tg_stage_run run = begin(TG_STAGE_CONTINUE, TG_STAGE_WAIT, TG_STAGE_CONTINUE, TG_STAGE_REPLY);
    assert_int_equal(tg_stage_run_enter(&run, EXCHANGE), TG_STAGE_WAIT);
    resume_answer = TG_STAGE_WAIT;
    assert_int_equal(tg_stage_run_resume(&run, EXCHANGE, TG_EVENT_DECIDED), TG_STAGE_WAIT);
    resume_answer = TG_STAGE_CONTINUE;
    assert_int_equal(tg_stage_run_resume(&run, EXCHANGE, TG_EVENT_DECIDED), TG_STAGE_REPLY);
    tg_stage_run_finish(&run, EXCHANGE);
    assert_string_equal(diary, "+a+b~b~b+c+d-d-b-a");
}

static void a_stage_that_waited_may_end_it(void **state)
{
    struct tg_stage_run run = begin(TG_STAGE_CONTINUE, TG_STAGE_CONTINUE, TG_STAGE_WAIT, TG_STAGE_REPLY);
    tg_stage_run_enter(&run, EXCHANGE);
    resume_answer = TG_STAGE_REPLY;
    assert_int_equal(tg_stage_run_resume(&run, EXCHANGE, TG_EVENT_DECIDED), TG_STAGE_REPLY);
    tg_stage_run_finish(&run, EXCHANGE);
    assert_string_equal(diary, "+a+b+c~c-b-a");
}

/* Whatever each stage answers, and wherever it ends: as many finishes as entries, in mirror order. */
static void every_way_through_is_balanced(void **state)
{
    for (unsigned ways = 0; ways < 81; ++ways) {
        struct tg_stage_run run = begin((enum tg_stage_answer)(ways % 3), (enum tg_stage_answer)(ways / 3 % 3),
                                        (enum tg_stage_answer)(ways / 9 % 3),
                                        ways / 27 == 0 ? TG_STAGE_REPLY : (enum tg_stage_answer)(ways / 27));
        enum tg_stage_answer answer = tg_stage_run_enter(&run, EXCHANGE);
        while (answer == TG_STAGE_WAIT && run.entered < 4)
            answer = tg_stage_run_resume(&run, EXCHANGE, TG_EVENT_DECIDED);
        size_t entered = run.entered;
        char wanted[32] = "";
        for (size_t i = entered; i-- > 0;)
            if (stages[i].on_finish != NULL)
                snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "-%s", stages[i].name);
        size_t before = strlen(diary);
        tg_stage_run_finish(&run, EXCHANGE);
        assert_string_equal(diary + before, wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stages_are_entered_in_order_and_finish_in_reverse),
        cmocka_unit_test(only_stages_that_were_entered_finish),
        cmocka_unit_test(finishing_twice_is_finishing_once),
        cmocka_unit_test(a_stage_that_waited_goes_on_where_it_stood),
        cmocka_unit_test(a_stage_that_waited_may_end_it),
        cmocka_unit_test(every_way_through_is_balanced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
