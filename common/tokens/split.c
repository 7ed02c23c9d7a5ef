#include "common/tokens/split.h"

#include "common/tokens/table.h"

enum {
    LETTER = TG_CHAR_UPPER | TG_CHAR_LOWER | TG_CHAR_UNCASED,
    WORD_HEAD = TG_CHAR_UPPER | TG_CHAR_UNCASED | TG_CHAR_MARK, /* [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}] */
    WORD_TAIL = TG_CHAR_LOWER | TG_CHAR_UNCASED | TG_CHAR_MARK, /* [\p{Ll}\p{Lm}\p{Lo}\p{M}] */
    WORD = WORD_HEAD | WORD_TAIL,
    WHITE = TG_CHAR_SPACE | TG_CHAR_NEWLINE,
    PUNCTUATION = TG_CHAR_MARK | TG_CHAR_OTHER, /* [^\s\p{L}\p{N}] */
    MAX_DIGITS = 3,
};

struct splitter {
    const uint8_t *end;
    bool has_met_end; /* then the decision could change with more text */
};

/* A sequence of bytes as RFC 3629 section 4 has them; one byte if it is none. Its class. */
static unsigned class_beyond_ascii(struct splitter *splitter, const uint8_t *at, size_t *length)
{
    size_t left = (size_t)(splitter->end - at);
    uint8_t lead = at[0];
    size_t expected = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    *length = 1;
    if (lead < 0xc2 || lead > 0xf4)
        return TG_CHAR_OTHER;
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f; /* no surrogates */
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    uint32_t code_point = lead & (0x7fu >> expected);
    for (size_t i = 1; i < expected; ++i) {
        if (i == left) {
            splitter->has_met_end = true;
            return TG_CHAR_OTHER;
        }
        if (at[i] < low || at[i] > high)
            return TG_CHAR_OTHER;
        code_point = code_point << 6 | (at[i] & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    *length = expected;
    unsigned block = tg_tokens_chars.block_of[code_point / TG_CHAR_BLOCK];
    return tg_tokens_chars.classes[block][code_point % TG_CHAR_BLOCK];
}

/* The class of the character at `at` and its length; 0 at the end of the text. */
static inline unsigned class_at(struct splitter *splitter, const uint8_t *at, size_t *length)
{
    if (at == splitter->end) {
        splitter->has_met_end = true;
        *length = 0;
        return 0;
    }
    if (*at < 0x80) {
        *length = 1;
        return tg_tokens_chars.classes[0][*at];
    }
    return class_beyond_ascii(splitter, at, length);
}

/* Past all characters of these classes. */
static inline const uint8_t *skip(struct splitter *splitter, const uint8_t *at, unsigned classes)
{
    size_t length;
    while ((class_at(splitter, at, &length) & classes) != 0)
        at += length;
    return at;
}

static const uint8_t *skip_digits(struct splitter *splitter, const uint8_t *at)
{
    size_t length;
    for (int i = 0; i < MAX_DIGITS && class_at(splitter, at, &length) == TG_CHAR_NUMBER; ++i)
        at += length;
    return at;
}

static uint8_t lower_at(struct splitter *splitter, const uint8_t *at)
{
    if (at >= splitter->end) {
        splitter->has_met_end = true;
        return 0;
    }
    return *at >= 'A' && *at <= 'Z' ? *at | 0x20 : *at;
}

/* Past (?i:'s|'t|'re|'ve|'m|'ll|'d), or `at` if it is not there. The long s, U+017F, is an s in other case. */
static const uint8_t *skip_contraction(struct splitter *splitter, const uint8_t *at)
{
    if (lower_at(splitter, at) != '\'')
        return at;
    switch (lower_at(splitter, at + 1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
        return at + 2;
    case 'r':
    case 'v':
        return lower_at(splitter, at + 2) == 'e' ? at + 3 : at;
    case 'l':
        return lower_at(splitter, at + 2) == 'l' ? at + 3 : at;
    case 0xc5:
        return lower_at(splitter, at + 2) == 0xbf ? at + 3 : at;
    default:
        return at;
    }
}

/* Past a word that begins at `at` with a letter or mark, by the first two lines of o200k_base. */
static const uint8_t *skip_cased_word(struct splitter *splitter, const uint8_t *at)
{
    const uint8_t *last_tail = NULL; /* behind the last character of the head that could be in the tail as well */
    size_t length;
    unsigned class;
    while (((class = class_at(splitter, at, &length)) & WORD_HEAD) != 0) {
        at += length;
        if (class != TG_CHAR_UPPER)
            last_tail = at;
    }
    if (class == TG_CHAR_LOWER)
        at = skip(splitter, at + length, WORD_TAIL);
    else if (last_tail != NULL)
        at = last_tail; /* the first line needs a tail: the head gives back what is behind it */
    return skip_contraction(splitter, at);
}

/* Past a piece that begins with white space which no word or punctuation takes. */
static const uint8_t *skip_white(struct splitter *splitter, const uint8_t *begin)
{
    const uint8_t *line_end = NULL;
    const uint8_t *last = begin;
    const uint8_t *at = begin;
    size_t length;
    unsigned class;
    while (((class = class_at(splitter, at, &length)) & WHITE) != 0) {
        last = at;
        at += length;
        if (class == TG_CHAR_NEWLINE)
            line_end = at;
    }
    if (line_end != NULL)
        return line_end;
    return at == splitter->end || last == begin ? at : last; /* the last one goes to what follows */
}

static const uint8_t *skip_punctuation(struct splitter *splitter, const uint8_t *at, bool takes_slashes)
{
    at = skip(splitter, at, PUNCTUATION);
    for (;; ++at) {
        uint8_t byte = lower_at(splitter, at);
        if (byte != '\n' && byte != '\r' && !(takes_slashes && byte == '/'))
            return at;
    }
}

size_t tg_tokens_split(enum tg_vocabulary vocabulary, struct tg_text text, bool *is_certain)
{
    const uint8_t *begin = (const uint8_t *)text.data;
    const uint8_t *at;
    struct splitter splitter = {begin + text.bytes, false};
    bool is_cased = vocabulary == TG_VOCABULARY_O200K;
    unsigned first_of_word = is_cased ? WORD : LETTER;
    size_t length;
    size_t next_length;
    unsigned class = class_at(&splitter, begin, &length);
    unsigned next = 0;
    if ((class & first_of_word) == 0 && (class & (TG_CHAR_NUMBER | TG_CHAR_NEWLINE)) == 0)
        next = class_at(&splitter, begin + length, &next_length);

    if (!is_cased && (at = skip_contraction(&splitter, begin)) != begin)
        ;
    else if ((class & first_of_word) != 0)
        at = is_cased ? skip_cased_word(&splitter, begin) : skip(&splitter, begin, LETTER);
    else if ((next & first_of_word) != 0)
        at = is_cased ? skip_cased_word(&splitter, begin + length) : skip(&splitter, begin + length, LETTER);
    else if (class == TG_CHAR_NUMBER)
        at = skip_digits(&splitter, begin);
    else if ((class & PUNCTUATION) != 0)
        at = skip_punctuation(&splitter, begin, is_cased);
    else if (*begin == ' ' && (next & PUNCTUATION) != 0)
        at = skip_punctuation(&splitter, begin + 1, is_cased);
    else
        at = skip_white(&splitter, begin);
    *is_certain = !splitter.has_met_end;
    return (size_t)(at - begin);
}
