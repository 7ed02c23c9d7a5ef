/* Finds an object among the last members of a document of which only the end is known: usage, in an answer too large to
 * be kept. */
#ifndef TG_CANONICAL_TAIL_H
#define TG_CANONICAL_TAIL_H

#include "common/base/text.h"

/* `quoted_name` with its quotes: "\"usage\"". The object's text, braces included, if it is the value of such a member
 * of the document's top-level object and the document ends with the tail; empty otherwise. What is inside the braces is
 * not proved to be JSON. Pure. */
struct tg_text tg_tail_object(struct tg_text tail, struct tg_text quoted_name);

#endif
