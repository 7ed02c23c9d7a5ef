/* Public lists of prices, and what of them applies to a deployment.
 *
 *   file ── tg_price_list_parse() ──► list ── tg_price_list_find() ──► entry ── tg_price_list_read() ──► offer
 *
 * Three formats are told apart by what is in them: LiteLLM's model_prices_and_context_window.json, the api.json of
 * models.dev, and our own (controlplane/catalog/prices.yaml, whose head describes it). Numbers are taken as they are
 * written and become pico-dollars exactly; what would have to be rounded is refused. */
#ifndef TG_CLI_PRICE_LIST_H
#define TG_CLI_PRICE_LIST_H

#include "common/codec/json.h"
#include "common/rates/rates.h"

enum tg_price_format { TG_PRICES_OWN, TG_PRICES_LITELLM, TG_PRICES_MODELS_DEV };
const char *tg_price_format_name(enum tg_price_format format); /* "Tollgate's", "LiteLLM's", "models.dev's" */

struct tg_price_list {
    enum tg_price_format format;
    tg_json *root; /* numbers are texts */
};

/* TG_INVALID if it is none of the formats. Free with tg_price_list_deinit(), also after a failure. */
enum tg_status tg_price_list_parse(struct tg_text text, struct tg_price_list *list,
                                   struct tg_error *error) TG_MUST_CHECK;
void tg_price_list_deinit(struct tg_price_list *list);

/* Where a deployment is. */
struct tg_price_place {
    const char *kind;       /* a provider kind of the registry: "openai", "bedrock", … */
    const tg_json *litellm; /* array of LiteLLM's names for it */
    const char *region;     /* "" if none is known */
    const char *upstream_model;
};

struct tg_price_entry {
    char name[256]; /* as the list has it */
    const tg_json *node;
};

/* The entry for that model at that provider. First the name as it is; then, as the formats' own conventions are, with
 * the provider's name before it, for the region, without the region's prefix (Bedrock), without a date at its end. */
bool tg_price_list_find(const struct tg_price_list *list, const struct tg_price_place *place,
                        struct tg_price_entry *entry);

enum { TG_PRICE_NOTE_BYTES = 256 };

struct tg_price_offer {
    struct tg_rate_list rates; /* refers to the list */
    int64_t request_pusd;
    char source[TG_PRICE_NOTE_BYTES];      /* where the list says it has the price from; may be empty */
    char passed_over[TG_PRICE_NOTE_BYTES]; /* prices in the entry that a price here cannot say; may be empty */
};

/* TG_INVALID, naming the column, if a number is none, negative or finer than a pico-dollar a unit; TG_NOT_FOUND if the
 * entry has no price that is not zero. */
enum tg_status tg_price_list_read(const struct tg_price_list *list, const struct tg_price_entry *entry,
                                  struct tg_price_offer *offer, struct tg_error *error) TG_MUST_CHECK;

/* ---- the formats; for price_list.c ---- */

enum tg_status tg_price_read_litellm(const tg_json *node, struct tg_price_offer *offer,
                                     struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_price_read_models_dev(const tg_json *node, struct tg_price_offer *offer,
                                        struct tg_error *error) TG_MUST_CHECK;
enum tg_status tg_price_read_own(const tg_json *node, struct tg_price_offer *offer,
                                 struct tg_error *error) TG_MUST_CHECK;

/* The number of a column as pico-dollars: text x 10^scale. */
enum tg_status tg_price_column(struct tg_text column, const tg_json *value, int scale, int64_t *pusd,
                               struct tg_error *error) TG_MUST_CHECK;
void tg_price_pass_over(struct tg_price_offer *offer, struct tg_text column);

#endif
