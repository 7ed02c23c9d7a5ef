#include "common/base/status.h"

const char *tg_status_name(enum tg_status status)
{
    switch (status) {
    case TG_OK:
        return "ok";
    case TG_INVALID:
        return "invalid";
    case TG_NOT_FOUND:
        return "not_found";
    case TG_CONFLICT:
        return "conflict";
    case TG_DENIED:
        return "denied";
    case TG_TOO_LARGE:
        return "too_large";
    case TG_EXHAUSTED:
        return "exhausted";
    case TG_TIMEOUT:
        return "timeout";
    case TG_UNAVAILABLE:
        return "unavailable";
    case TG_IO:
        return "io";
    case TG_CORRUPT:
        return "corrupt";
    }
    return "unknown";
}
