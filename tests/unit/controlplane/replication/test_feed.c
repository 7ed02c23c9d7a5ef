/* When a replica is told everything, when only what changed, and when nothing. Reading and sending are tested with a
 * database in tests/integration/stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "controlplane/replication/feed.h"

static const struct tg_feed_state now = {.epoch = {{1}}, .revision = 10, .digest = {{7}}};
static const struct tg_digest same = {{7}}, different = {{8}};
static const struct tg_id epoch = {{1}}, other_epoch = {{2}};

static void a_replica_that_is_up_to_date_needs_nothing(void **state)
{
    assert_false(tg_feed_needs_full(&now, epoch, 10, &same, false));
}

static void one_that_is_behind_needs_only_what_changed(void **state)
{
    assert_false(tg_feed_needs_full(&now, epoch, 9, &different, false));
}

static void one_that_cannot_be_brought_up_to_date_needs_everything(void **state)
{
    assert_true(tg_feed_needs_full(&now, epoch, 0, &same, false));       /* holds nothing */
    assert_true(tg_feed_needs_full(&now, other_epoch, 9, &same, false)); /* counts in another database */
    assert_true(tg_feed_needs_full(&now, epoch, 11, &same, false));      /* is ahead: the database was restored */
    assert_true(tg_feed_needs_full(&now, epoch, 10, &different, false)); /* holds something else */
    assert_true(tg_feed_needs_full(&now, epoch, 9, &different, true));   /* refused what it was sent last */
}

static struct tg_feed awaiting(int64_t held, int64_t sent)
{
    return (struct tg_feed){.phase = TG_FEED_AWAITING, .held_revision = held, .sent_revision = sent};
}

static void nothing_is_sent_while_a_commit_is_unanswered(void **state)
{
    struct tg_feed feed = awaiting(9, 10);
    assert_false(tg_feed_wants_to_send(&feed, 12));
    assert_true(tg_feed_on_ack(&feed, 10));
    assert_true(tg_feed_wants_to_send(&feed, 12));
    assert_false(tg_feed_wants_to_send(&feed, 10));
}

static void a_refused_revision_is_not_sent_again_but_the_next_one_is(void **state)
{
    struct tg_feed feed = awaiting(9, 10);
    assert_true(tg_feed_on_nack(&feed, 10));
    assert_int_equal(feed.held_revision, 9);
    assert_false(tg_feed_wants_to_send(&feed, 10));
    assert_true(tg_feed_wants_to_send(&feed, 11));
}

static void an_answer_to_what_was_not_asked_is_refused(void **state)
{
    struct tg_feed feed = awaiting(9, 10);
    assert_false(tg_feed_on_ack(&feed, 9));
    assert_false(tg_feed_on_nack(&feed, 11));
    assert_true(tg_feed_on_ack(&feed, 10));
    assert_false(tg_feed_on_ack(&feed, 10));
}

static void a_whole_snapshot_is_sent_at_once_and_committed_even_if_empty(void **state)
{
    struct tg_feed feed;
    tg_feed_init(&feed, NULL, &now, true, 9);
    assert_true(tg_feed_wants_to_send(&feed, 0));
    assert_int_equal(feed.held_revision, 0);
    assert_true(feed.must_commit);
    tg_feed_init(&feed, NULL, &now, false, 9);
    assert_false(tg_feed_wants_to_send(&feed, 9));
    assert_true(tg_feed_wants_to_send(&feed, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replica_that_is_up_to_date_needs_nothing),
        cmocka_unit_test(one_that_is_behind_needs_only_what_changed),
        cmocka_unit_test(one_that_cannot_be_brought_up_to_date_needs_everything),
        cmocka_unit_test(nothing_is_sent_while_a_commit_is_unanswered),
        cmocka_unit_test(a_refused_revision_is_not_sent_again_but_the_next_one_is),
        cmocka_unit_test(an_answer_to_what_was_not_asked_is_refused),
        cmocka_unit_test(a_whole_snapshot_is_sent_at_once_and_committed_even_if_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
