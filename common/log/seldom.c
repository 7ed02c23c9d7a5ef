#include "common/log/seldom.h"

enum { HOUR_MS = 3600 * 1000 };

bool tg_seldom_is_due(struct tg_seldom *seldom, struct tg_id subject, int64_t unix_ms)
{
    struct tg_seldom_subject *place = &seldom->subjects[0];
    for (size_t i = 0; i < TG_SELDOM_SUBJECTS; ++i) {
        struct tg_seldom_subject *each = &seldom->subjects[i];
        if (each->logged_at_ms != 0 && tg_id_equals(each->id, subject)) {
            place = each;
            break;
        }
        if (each->logged_at_ms < place->logged_at_ms)
            place = each;
    }
    bool is_known = place->logged_at_ms != 0 && tg_id_equals(place->id, subject);
    if (is_known && unix_ms - place->logged_at_ms < HOUR_MS)
        return false;
    *place = (struct tg_seldom_subject){.id = subject, .logged_at_ms = unix_ms};
    return true;
}
