/* The kinds of usage are common to both planes; dialects know them by this name. */
#ifndef TG_CANONICAL_USAGE_H
#define TG_CANONICAL_USAGE_H

#include "common/base/usage.h"

#endif
