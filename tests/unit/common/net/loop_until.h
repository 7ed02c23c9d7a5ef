/* Runs a loop until a condition holds, for tests with real sockets: no sleeping, and a test that waits in vain fails.
 */
#ifndef TG_TEST_LOOP_UNTIL_H
#define TG_TEST_LOOP_UNTIL_H

#include "common/net/loop.h"

void loop_until(tg_loop *loop, bool (*is_met)(void *user), void *user);

/* The same for a flag that a callback sets. */
void loop_until_true(tg_loop *loop, const bool *flag);

#endif
