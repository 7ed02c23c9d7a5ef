#include "dataplane/exchange/stage.h"

#include <assert.h>

const char *tg_exchange_event_name(enum tg_exchange_event event)
{
    static const char *const names[] = {"begin", "decided", "upstream", "lingered", "writable", "closed"};
    return (size_t)event < sizeof(names) / sizeof(names[0]) ? names[event] : "unknown";
}

const char *tg_stage_answer_name(enum tg_stage_answer answer)
{
    static const char *const names[] = {"continue", "wait", "reply"};
    return (size_t)answer < sizeof(names) / sizeof(names[0]) ? names[answer] : "unknown";
}

enum tg_stage_answer tg_stage_run_enter(struct tg_stage_run *run, struct tg_exchange *exchange)
{
    enum tg_stage_answer answer = TG_STAGE_CONTINUE;
    while (answer == TG_STAGE_CONTINUE) {
        assert(run->entered < run->pipeline->count);
        const struct tg_stage *stage = &run->pipeline->stages[run->entered++];
        answer = stage->on_entry(exchange);
        assert(answer != TG_STAGE_WAIT || stage->on_resume != NULL);
    }
    return answer;
}

enum tg_stage_answer tg_stage_run_resume(struct tg_stage_run *run, struct tg_exchange *exchange,
                                         enum tg_exchange_event event)
{
    assert(run->entered > 0);
    const struct tg_stage *stage = &run->pipeline->stages[run->entered - 1];
    enum tg_stage_answer answer = stage->on_resume(exchange, event);
    return answer == TG_STAGE_CONTINUE ? tg_stage_run_enter(run, exchange) : answer;
}

void tg_stage_run_finish(struct tg_stage_run *run, struct tg_exchange *exchange)
{
    while (run->entered > 0) {
        const struct tg_stage *stage = &run->pipeline->stages[--run->entered];
        if (stage->on_finish != NULL)
            stage->on_finish(exchange);
    }
}
