/* One wallet and a control plane that says what the test tells it to say. Time stands still unless the test moves it.
 */
#ifndef TG_TEST_WALLET_SCENE_H
#define TG_TEST_WALLET_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/wallet/wallet.h"

struct scene {
    tg_wallet *wallet;
    int64_t now_ms;
    int notices; /* calls of on_message */
};

/* A request with its outcome. */
struct call {
    struct tg_reservation reservation;
    int decisions; /* calls of on_decided */
};

int scene_setup(void **state);
int scene_teardown(void **state);

struct tg_id scene_id(uint8_t kind, uint32_t number);

/* A budget of 1,000 that waits 10 s and denies while the control plane is away, unless changed. */
struct tg_wallet_budget scene_budget(uint32_t number);
tg_wallet_account *scene_account(struct scene *scene, uint32_t number);

/* Reserves `fixed` in one account. */
enum tg_wallet_answer scene_take(struct scene *scene, struct call *call, tg_wallet_account *account, int64_t fixed);
/* Reserves fixed + per_token * tokens. */
enum tg_wallet_answer scene_generate(struct scene *scene, struct call *call, tg_wallet_account *account, int64_t fixed,
                                     int64_t per_token, int64_t tokens);
enum tg_wallet_answer scene_take_both(struct scene *scene, struct call *call, tg_wallet_account *a,
                                      tg_wallet_account *b, int64_t fixed);
void scene_settle(struct scene *scene, struct call *call, int64_t amount); /* the same in every line */
enum tg_wallet_answer scene_answer(struct scene *scene, struct call *call);

/* The next message, which must be of that kind. */
struct tg_wallet_message scene_expect(struct scene *scene, int kind);
void scene_expect_silence(struct scene *scene);

/* An answer to `request` with a limit of 1,000 of which nothing is settled, for the test to change. */
struct tg_wallet_grant scene_grant(const struct tg_wallet_message *request, int64_t amount);
void scene_say(struct scene *scene, const struct tg_wallet_grant *grant);

/* Makes the account hold `amount`: asks for it through a request of one waiter that goes away again. */
void scene_hold(struct scene *scene, tg_wallet_account *account, int64_t amount);

#endif
