/* The kinds of providers the gateway knows, as data: where they are, how a call proves itself, what they serve in which
 * wire format, and what they do not take. A provider of an organization names its kind and fills in what only its
 * administrator knows; everything else comes from the row. Adding a kind is a row in providers.yaml, or in a file of
 * the installation's own (setting `provider_registry.file`), and no code.
 *
 * Loaded once at start, before any thread; read-only afterwards, from any thread. */
#ifndef TG_REGISTRY_REGISTRY_H
#define TG_REGISTRY_REGISTRY_H

#include "common/base/status.h"
#include "common/base/text.h"

/* What an administrator may fill into a row's "{…}". */
enum tg_registry_blank { TG_BLANK_REGION, TG_BLANK_PROJECT, TG_BLANK_ACCOUNT, TG_BLANK_API_VERSION, TG_BLANK_COUNT };
/* "region", "project", "account", "api_version". */
const char *tg_registry_blank_name(enum tg_registry_blank blank);

enum tg_registry_auth {
    TG_REGISTRY_AUTH_NONE,
    TG_REGISTRY_AUTH_BEARER,
    TG_REGISTRY_AUTH_HEADER,
    TG_REGISTRY_AUTH_QUERY,
    TG_REGISTRY_AUTH_AWS_SIGV4,
};

struct tg_registry_api {
    const char *operation, *dialect;
    const char *path, *stream_path; /* with "{model}" and blanks; stream_path may be "" */
};

struct tg_registry_pair {
    const char *name, *value;
};

/* A field of a request that the provider wants otherwise. With neither `new_name` nor `value` it is left out. */
struct tg_registry_rule {
    const char *name;
    const char *new_name; /* ""; or what it is called there */
    const char *value;    /* ""; or the string that it is always set to, whatever the client said */
};

struct tg_registry_row {
    const char *name;         /* "groq" */
    const char *display_name; /* "Groq" */
    const char *base_url;     /* with blanks; "" if only the administrator knows it */
    enum tg_registry_auth auth;
    const char *auth_name;   /* header, parameter or service; "" */
    const char *auth_scheme; /* of a header: the word before the secret ("Token"); "" */
    const struct tg_registry_api *apis;
    size_t api_count;
    const struct tg_registry_pair *headers;
    size_t header_count;
    const struct tg_registry_rule *rules;
    size_t rule_count;
    const char *maximum_field;
    bool asks_for_usage;
    unsigned blanks; /* a bit for each blank in base_url and paths */
    const char *defaults[TG_BLANK_COUNT];
    const char *const *litellm; /* the names that LiteLLM's price map and configuration have for it */
    size_t litellm_count;
    const char *note;          /* for who adds a provider of it; "" */
    const char *checked;       /* what was checked and against what, in a sentence */
    const char *documentation; /* the page its facts are from */
};

/* Reads the rows that come with the program and, if `path` is not NULL, those of a file, which replace rows of the same
 * name; one source has no name twice. TG_INVALID names the row and what is wrong with it. */
enum tg_status tg_registry_load(const char *path, struct tg_error *error) TG_MUST_CHECK;
void tg_registry_unload(void);

/* NULL if there is none of that name. */
const struct tg_registry_row *tg_registry_find(struct tg_text name);
size_t tg_registry_count(void);
/* By name, in order; index < tg_registry_count(). */
const struct tg_registry_row *tg_registry_at(size_t index);

/* "none", "bearer", "header", "query", "aws_sigv4". */
const char *tg_registry_auth_name(enum tg_registry_auth auth);

enum { TG_REGISTRY_DIGEST_BYTES = 32 };
/* SHA-256 of everything that was read: another digest, other rows. */
const uint8_t *tg_registry_digest(void);

/* `pattern` with its blanks filled; "{model}" stays. A heap string; free() it. NULL if a blank that it has is empty. */
char *tg_registry_fill(const char *pattern, const struct tg_text blanks[TG_BLANK_COUNT]);

#endif
