/* Internal to the room: where the pieces of a text end, exactly as tiktoken's regular expressions find them.
 *
 * o200k_base, tried in this order at each place:
 *
 *     [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
 *     [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
 *     \p{N}{1,3}
 *      ?[^\s\p{L}\p{N}]+[\r\n/]*
 *     \s*[\r\n]+
 *     \s+(?!\S)
 *     \s+
 *
 * cl100k_base:
 *
 *     (?i:'s|'t|'re|'ve|'m|'ll|'d)
 *     [^\r\n\p{L}\p{N}]?\p{L}+
 *     \p{N}{1,3}
 *      ?[^\s\p{L}\p{N}]+[\r\n]*
 *     \s*[\r\n]+
 *     \s+(?!\S)
 *     \s+
 *
 * (Newer tiktoken writes the end of cl100k_base as \s++$|\s*[\r\n]|\s+(?!\S)|\s. That cuts white space at the end of a
 * text elsewhere, with the same tokens: no token has a line break and then other white space.) */
#ifndef TG_TOKENS_SPLIT_H
#define TG_TOKENS_SPLIT_H

#include "common/tokens/tokens.h"

/* The length of the first piece of `text`, which is not empty; at least 1. `*is_certain` says whether it would be the
 * same with any more text behind. */
size_t tg_tokens_split(enum tg_vocabulary vocabulary, struct tg_text text, bool *is_certain);

#endif
