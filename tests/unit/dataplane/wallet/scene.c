#include "scene.h"

#include <stdlib.h>

static void on_message(void *user)
{
    ++((struct scene *)user)->notices;
}

int scene_setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    assert_non_null(scene);
    scene->now_ms = 1000000;
    struct tg_wallet_config config = {.user = scene, .on_message = on_message, .max_waiters = 1000};
    scene->wallet = tg_wallet_create(&config);
    tg_wallet_set_connected(scene->wallet, true, scene->now_ms);
    *state = scene;
    return 0;
}

int scene_teardown(void **state)
{
    struct scene *scene = *state;
    tg_wallet_destroy(scene->wallet);
    free(scene);
    return 0;
}

struct tg_id scene_id(uint8_t kind, uint32_t number)
{
    struct tg_id id = {{kind}};
    memcpy(id.octets + 8, &number, sizeof(number));
    return id;
}

struct tg_wallet_budget scene_budget(uint32_t number)
{
    return (struct tg_wallet_budget){
        .id = scene_id('b', number),
        .unit = TG_BUDGET_MONEY,
        .contention = TG_BUDGET_WAIT,
        .outage = TG_BUDGET_DENY,
        .max_wait_ms = 10000,
        .clamp_floor_tokens = 16,
        .limit_amount = 1000,
    };
}

tg_wallet_account *scene_account(struct scene *scene, uint32_t number)
{
    struct tg_wallet_budget budget = scene_budget(number);
    return tg_wallet_intern(scene->wallet, &budget);
}

static void on_decided(struct tg_reservation *reservation)
{
    ++((struct call *)((char *)reservation - offsetof(struct call, reservation)))->decisions;
}

static enum tg_wallet_answer reserve(struct scene *scene, struct call *call, const struct tg_wallet_demand *demands,
                                     size_t count, int64_t tokens)
{
    *call = (struct call){.reservation.on_decided = on_decided};
    return tg_wallet_reserve(scene->wallet, scene->now_ms, &call->reservation, demands, count, tokens);
}

enum tg_wallet_answer scene_take(struct scene *scene, struct call *call, tg_wallet_account *account, int64_t fixed)
{
    return scene_generate(scene, call, account, fixed, 0, 0);
}

enum tg_wallet_answer scene_generate(struct scene *scene, struct call *call, tg_wallet_account *account, int64_t fixed,
                                     int64_t per_token, int64_t tokens)
{
    struct tg_wallet_demand demand = {.account = account, .fixed = fixed, .per_output_token = per_token};
    return reserve(scene, call, &demand, 1, tokens);
}

enum tg_wallet_answer scene_take_both(struct scene *scene, struct call *call, tg_wallet_account *a,
                                      tg_wallet_account *b, int64_t fixed)
{
    struct tg_wallet_demand demands[2] = {{.account = a, .fixed = fixed}, {.account = b, .fixed = fixed}};
    return reserve(scene, call, demands, 2, 0);
}

void scene_settle(struct scene *scene, struct call *call, int64_t amount)
{
    int64_t amounts[TG_WALLET_MAX_LINES];
    for (size_t i = 0; i < TG_WALLET_MAX_LINES; ++i)
        amounts[i] = amount;
    tg_wallet_settle(scene->wallet, &call->reservation, amounts, scene->now_ms);
}

enum tg_wallet_answer scene_answer(struct scene *scene, struct call *call)
{
    return tg_wallet_answer_of(scene->wallet, &call->reservation);
}

struct tg_wallet_message scene_expect(struct scene *scene, int kind)
{
    struct tg_wallet_message message;
    int64_t next_at_ms;
    assert_true(tg_wallet_next_message(scene->wallet, scene->now_ms, &message, &next_at_ms));
    assert_int_equal(message.kind, kind);
    return message;
}

void scene_expect_silence(struct scene *scene)
{
    struct tg_wallet_message message;
    int64_t next_at_ms;
    assert_false(tg_wallet_next_message(scene->wallet, scene->now_ms, &message, &next_at_ms));
}

struct tg_wallet_grant scene_grant(const struct tg_wallet_message *request, int64_t amount)
{
    struct tg_wallet_grant grant = {
        .request_number = request->number,
        .budget_id = request->budget_id,
        .lease_id = request->budget_id,
        .outcome = TG_LEASE_GRANTED,
        .amount = amount,
        .limit_amount = 1000,
        .leased = request->held + amount,
    };
    grant.lease_id.octets[0] = 'l';
    return grant;
}

void scene_say(struct scene *scene, const struct tg_wallet_grant *grant)
{
    tg_wallet_on_grant(scene->wallet, grant, scene->now_ms);
}

void scene_hold(struct scene *scene, tg_wallet_account *account, int64_t amount)
{
    struct call call;
    assert_int_equal(scene_take(scene, &call, account, 1), TG_WALLET_WAITING);
    struct tg_wallet_message request = scene_expect(scene, TG_WALLET_REQUEST);
    assert_true(tg_wallet_cancel(scene->wallet, &call.reservation, scene->now_ms));
    struct tg_wallet_grant grant = scene_grant(&request, amount);
    scene_say(scene, &grant);
    scene_expect_silence(scene);
}
