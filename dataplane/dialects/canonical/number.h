/* Settings pass as they are written; where a target has a smaller range, the text itself is compared: no floats. */
#ifndef TG_CANONICAL_NUMBER_H
#define TG_CANONICAL_NUMBER_H

#include "common/base/text.h"

/* Whether a JSON number is more than one; false for what is no number. Pure. */
bool tg_number_exceeds_one(struct tg_text number);

#endif
