#include "common/crypto/reason.h"

#include <stddef.h>
#include <string.h>

#include <openssl/err.h>

/* The first entry is the cause; what follows is the callers' view of it. System errors carry an errno. */
const char *tg_crypto_reason(void)
{
    unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0)
        return "no reason given";
    if (ERR_SYSTEM_ERROR(code))
        return strerror(ERR_GET_REASON(code));
    const char *reason = ERR_reason_error_string(code);
    return reason != NULL ? reason : "unknown reason";
}
