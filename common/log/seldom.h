/* Keeps a line that would come with every request to once an hour for each subject. One thread. */
#ifndef TG_LOG_SELDOM_H
#define TG_LOG_SELDOM_H

#include "common/base/id.h"

enum { TG_SELDOM_SUBJECTS = 64 };

/* All zero at first. Of more subjects than it has room for, those that were logged longest ago are forgotten. */
struct tg_seldom {
    struct tg_seldom_subject {
        struct tg_id id;
        int64_t logged_at_ms; /* 0: free */
    } subjects[TG_SELDOM_SUBJECTS];
};

/* Whether a line about `subject` is due; if so it counts as logged at `unix_ms`. */
bool tg_seldom_is_due(struct tg_seldom *seldom, struct tg_id subject, int64_t unix_ms);

#endif
