/* tollgate prices import: from a public list of prices to dated prices of the organization's deployments. Nothing is
 * changed before the differences were shown and confirmed. */
#include <stdlib.h>

#include "cli/lookup.h"
#include "cli/output.h"
#include "cli/price_list.h"
#include "cli/prices_builtin_internal.h"
#include "common/base/file.h"
#include "common/base/money.h"
#include "common/base/time.h"
#include "common/rates/rates_json.h"

static const char prices_help[] =
    "  tollgate prices import [FILE] [--effective-from TIME] [--dry-run] [--yes]\n"
    "    Reads a list of prices: LiteLLM's model_prices_and_context_window.json, models.dev's api.json, or one of\n"
    "    Tollgate's own; without FILE the list that came with this program. Shows what it would change for the\n"
    "    deployments of the organization and asks; --yes does not ask, --dry-run changes nothing.\n"
    "    Changed prices are new rows that apply from TIME on (now, if it is not given).\n"
    "    Ends with 0 when all is as the list says, 1 when the answer was no, 3 when some prices could not be taken.\n";

enum { MAX_FILE_BYTES = 64 << 20, MAX_PATH_BYTES = 4096, MAX_SOURCE_BYTES = 480 };

/* What the API knows, and what comes of it. */
struct import {
    struct tg_cli *cli;
    struct tg_price_list list;
    const char *list_name;
    int64_t effective_from_ms;
    tg_json *kinds, *providers, *models, *deployments, *prices;
    tg_json *changes; /* array of {model, deployment, kind, old, new, source}, for people */
    tg_json *wishes;  /* array of prices to create */
    size_t matched, unchanged, refused;
};

/* ---- who is who ---- */

static const tg_json *find_by(const tg_json *items, const char *member, struct tg_text wanted)
{
    for (size_t i = 0; i < tg_json_count(items); ++i) {
        const tg_json *value = tg_json_member(tg_json_at(items, i), member);
        if (tg_json_is(value, TG_JSON_STRING) && tg_text_equals(tg_json_text(value), wanted))
            return tg_json_at(items, i);
    }
    return NULL;
}

static const char *text_at(const tg_json *object, const char *member)
{
    const tg_json *value = tg_json_member(object, member);
    return tg_json_is(value, TG_JSON_STRING) ? tg_json_text(value).data : "";
}

static struct tg_text host_of(const char *url)
{
    const char *begin = strstr(url, "://");
    begin = begin == NULL ? url : begin + 3;
    return tg_text(begin, strcspn(begin, "/:"));
}

/* The registry's row for a provider: its kind's, or, where that only says that it speaks OpenAI's dialect, that of a
 * known provider with its host or its name. */
static const tg_json *kind_of(const struct import *import, const tg_json *provider)
{
    const char *kind = text_at(provider, "kind");
    struct tg_text host = host_of(text_at(provider, "base_url"));
    if (strcmp(kind, "openai_compatible") != 0)
        return find_by(import->kinds, "name", tg_text_of(kind));
    for (size_t i = 0; i < tg_json_count(import->kinds); ++i) {
        const tg_json *row = tg_json_at(import->kinds, i);
        const char *base_url = text_at(row, "base_url");
        if (base_url[0] != '\0' && strchr(base_url, '{') == NULL && tg_text_equals(host_of(base_url), host))
            return row;
    }
    return find_by(import->kinds, "name", tg_text_of(text_at(provider, "name")));
}

static bool find_entry(const struct import *import, const tg_json *deployment, struct tg_price_entry *entry)
{
    const tg_json *provider = find_by(import->providers, "id", tg_text_of(text_at(deployment, "provider_id")));
    const tg_json *kind = kind_of(import, provider);
    struct tg_price_place place = {
        .kind = text_at(kind, "name"),
        .litellm = tg_json_member(kind, "litellm"),
        .region = text_at(provider, "region"),
        .upstream_model = text_at(deployment, "upstream_model"),
    };
    return kind != NULL && tg_price_list_find(&import->list, &place, entry);
}

/* ---- the price in force ---- */

static int64_t moment_of(const tg_json *price)
{
    int64_t unix_ms = INT64_MAX;
    return tg_time_parse(tg_text_of(text_at(price, "effective_from")), &unix_ms) ? unix_ms : INT64_MAX;
}

/* NULL: the deployment has none at that moment. */
static const tg_json *price_in_force(const struct import *import, const char *deployment_id)
{
    const tg_json *latest = NULL;
    for (size_t i = 0; i < tg_json_count(import->prices); ++i) {
        const tg_json *price = tg_json_at(import->prices, i);
        if (strcmp(text_at(price, "deployment_id"), deployment_id) != 0 || moment_of(price) > import->effective_from_ms)
            continue;
        if (latest == NULL || moment_of(price) > moment_of(latest))
            latest = price;
    }
    return latest;
}

static enum tg_status read_current(const tg_json *price, struct tg_price_offer *current, struct tg_error *error)
{
    struct tg_rates_problem problem;
    *current = (struct tg_price_offer){.request_pusd = 0};
    if (price == NULL)
        return TG_OK;
    if (!tg_rates_read(tg_json_member(price, "rates"), tg_json_member(price, "tiers"),
                       tg_json_member(price, "service_tiers"), &current->rates, &problem))
        return tg_fail(error, TG_CORRUPT, "a price of the control plane: %s %s", problem.field, problem.message);
    if (!tg_money_parse(tg_text_of(text_at(price, "request_price")), &current->request_pusd))
        return tg_fail(error, TG_CORRUPT, "a price of the control plane: request_price is no amount");
    return TG_OK;
}

/* ---- the differences ---- */

struct row {
    const char *model, *deployment, *source;
};

static void add_change(struct import *import, const struct row *row, const char *kind, const char *old_text,
                       const char *new_text)
{
    tg_json *change = tg_json_new_object();
    tg_json_set_text(change, "model", tg_text_of(row->model));
    tg_json_set_text(change, "deployment", tg_text_of(row->deployment));
    tg_json_set_text(change, "kind", tg_text_of(kind));
    tg_json_set_text(change, "old", tg_text_of(old_text));
    tg_json_set_text(change, "new", tg_text_of(new_text));
    tg_json_set_text(change, "source", tg_text_of(row->source));
    tg_json_append(import->changes, change);
}

static void format_rate(const struct tg_rate_set *set, enum tg_usage_kind kind, char out[TG_MONEY_TEXT_BYTES])
{
    out[0] = '\0';
    if (set != NULL && tg_rate_has(set, kind))
        tg_rate_format(kind, set->pusd[kind], out);
}

static const struct tg_rate_set *find_set(const struct tg_rate_list *list, const struct tg_rate_set *like)
{
    for (size_t i = 0; i < list->count; ++i)
        if (list->sets[i].above_input_tokens == like->above_input_tokens &&
            tg_text_equals(list->sets[i].service_tier, like->service_tier))
            return &list->sets[i];
    return NULL;
}

/* One set in the old and the new price; either may be missing. */
static bool compare_sets(struct import *import, const struct row *row, const struct tg_rate_set *old_set,
                         const struct tg_rate_set *new_set)
{
    const struct tg_rate_set *either = new_set != NULL ? new_set : old_set;
    bool differs = false;
    for (int i = 0; i < TG_USAGE_KIND_COUNT; ++i) {
        enum tg_usage_kind kind = (enum tg_usage_kind)i;
        char old_text[TG_MONEY_TEXT_BYTES], new_text[TG_MONEY_TEXT_BYTES], label[128], threshold[40] = "";
        format_rate(old_set, kind, old_text);
        format_rate(new_set, kind, new_text);
        if (strcmp(old_text, new_text) == 0)
            continue;
        if (either->above_input_tokens != 0)
            snprintf(threshold, sizeof(threshold), " above %lld", (long long)either->above_input_tokens);
        snprintf(label, sizeof(label), "%.*s%s%s%s", TG_TEXT_ARG(either->service_tier),
                 either->service_tier.bytes == 0 ? "" : " ", tg_rate_name(kind), threshold);
        add_change(import, row, label, old_text, new_text);
        differs = true;
    }
    return differs;
}

static bool compare(struct import *import, const struct row *row, const struct tg_price_offer *current,
                    const struct tg_price_offer *offer)
{
    bool differs = false;
    for (size_t i = 0; i < offer->rates.count; ++i)
        differs |= compare_sets(import, row, find_set(&current->rates, &offer->rates.sets[i]), &offer->rates.sets[i]);
    for (size_t i = 0; i < current->rates.count; ++i)
        if (find_set(&offer->rates, &current->rates.sets[i]) == NULL)
            differs |= compare_sets(import, row, &current->rates.sets[i], NULL);
    if (current->request_pusd != offer->request_pusd) {
        char old_text[TG_MONEY_TEXT_BYTES], new_text[TG_MONEY_TEXT_BYTES];
        tg_money_format(current->request_pusd, old_text);
        tg_money_format(offer->request_pusd, new_text);
        add_change(import, row, "request", old_text, new_text);
        differs = true;
    }
    return differs;
}

static void add_wish(struct import *import, const tg_json *deployment, const struct row *row,
                     const struct tg_price_offer *offer)
{
    char moment[TG_TIME_TEXT_BYTES], source[MAX_SOURCE_BYTES], request_price[TG_MONEY_TEXT_BYTES];
    tg_json *wish = tg_json_new_object();
    tg_time_format(import->effective_from_ms, moment);
    snprintf(source, sizeof(source), "%s", row->source);
    tg_json_set_text(wish, "deployment_id", tg_text_of(text_at(deployment, "id")));
    tg_json_set_text(wish, "effective_from", tg_text_of(moment));
    tg_rates_write(offer->rates.sets, offer->rates.count, wish);
    tg_money_format(offer->request_pusd, request_price);
    tg_json_set_text(wish, "request_price", tg_text_of(request_price));
    tg_json_set_text(wish, "source", tg_text_of(source));
    tg_json_append(import->wishes, wish);
}

/* ---- one deployment ---- */

static void say_refused(struct import *import, const struct row *row, const char *name, const char *why)
{
    fprintf(stderr, "tollgate: %s (%s): %s: %s\n", row->model, row->deployment, name, why);
    ++import->refused;
}

static enum tg_status plan_deployment(struct import *import, const tg_json *deployment, struct tg_error *error)
{
    const tg_json *model = find_by(import->models, "id", tg_text_of(text_at(deployment, "model_id")));
    struct tg_price_entry entry;
    struct tg_price_offer offer, current;
    struct row row = {text_at(model, "name"), text_at(deployment, "name"), ""};
    if (!find_entry(import, deployment, &entry))
        return TG_OK;
    ++import->matched;
    struct tg_error why = {0};
    if (tg_price_list_read(&import->list, &entry, &offer, &why) != TG_OK) {
        say_refused(import, &row, entry.name, why.message);
        return TG_OK;
    }
    if (offer.passed_over[0] != '\0')
        fprintf(stderr, "tollgate: %s (%s): %s: not taken, as a price here cannot say it: %s\n", row.model,
                row.deployment, entry.name, offer.passed_over);
    char source[TG_PRICE_NOTE_BYTES + sizeof(entry.name) + MAX_PATH_BYTES];
    snprintf(source, sizeof(source), "%s: %s%s%s", import->list_name, entry.name, offer.source[0] == '\0' ? "" : "; ",
             offer.source);
    row.source = source;
    enum tg_status status = read_current(price_in_force(import, text_at(deployment, "id")), &current, error);
    if (status != TG_OK)
        return status;
    if (compare(import, &row, &current, &offer))
        add_wish(import, deployment, &row, &offer);
    else
        ++import->unchanged;
    return TG_OK;
}

/* ---- all of them ---- */

static enum tg_status load(struct import *import, struct tg_error *error)
{
    tg_json *answer = NULL;
    enum tg_status status = tg_client_call(import->cli->client, "GET", "/api/v1/provider-kinds", NULL, &answer, error);
    if (status == TG_OK)
        import->kinds = tg_json_copy(tg_json_member(answer, "items"));
    tg_json_destroy(answer);
    if (status == TG_OK)
        status = tg_lookup_all(import->cli, "providers", NULL, &import->providers, error);
    if (status == TG_OK)
        status = tg_lookup_all(import->cli, "models", NULL, &import->models, error);
    if (status == TG_OK)
        status = tg_lookup_all(import->cli, "deployments", NULL, &import->deployments, error);
    if (status == TG_OK)
        status = tg_lookup_all(import->cli, "prices", NULL, &import->prices, error);
    return status;
}

static enum tg_status plan(struct import *import, struct tg_error *error)
{
    enum tg_status status = load(import, error);
    import->changes = tg_json_new_array();
    import->wishes = tg_json_new_array();
    for (size_t i = 0; i < tg_json_count(import->deployments) && status == TG_OK; ++i)
        status = plan_deployment(import, tg_json_at(import->deployments, i), error);
    return status;
}

static bool show_plan(const struct import *import)
{
    static const char *const columns[] = {"model", "deployment", "kind", "old", "new", "source", NULL};
    if (import->cli->is_json)
        return tg_print_json(stdout, import->changes);
    if (tg_json_count(import->changes) != 0 && !tg_print_table(stdout, import->changes, columns))
        return false;
    printf("%zu of %zu deployments are in %s list: %zu prices to change, %zu as they should be\n", import->matched,
           tg_json_count(import->deployments), tg_price_format_name(import->list.format), tg_json_count(import->wishes),
           import->unchanged);
    return fflush(stdout) == 0;
}

/* An answer is always waited for: prices are money. The end of the input is a no. */
static bool is_confirmed(size_t count)
{
    char line[16];
    fprintf(stderr, "Add these %zu prices? [y/N] ", count);
    return fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

static enum tg_status carry_out(struct import *import, struct tg_error *error)
{
    struct tg_buf path;
    tg_buf_init(&path, MAX_PATH_BYTES);
    enum tg_status status = tg_lookup_collection(import->cli, "prices", &path, error);
    for (size_t i = 0; i < tg_json_count(import->wishes) && status == TG_OK; ++i) {
        tg_json *answer = NULL;
        status = tg_client_call(import->cli->client, "POST", path.data, tg_json_at(import->wishes, i), &answer, error);
        tg_json_destroy(answer);
        if (status != TG_OK && i != 0)
            fprintf(stderr, "%zu prices were added before this; run the same command again for the rest.\n", i);
    }
    tg_buf_deinit(&path);
    return status;
}

static enum tg_exit run(struct import *import, bool is_dry, bool is_sure)
{
    struct tg_error error = {0};
    enum tg_status status = plan(import, &error);
    if (status != TG_OK)
        return tg_cli_fail(&error);
    if (!show_plan(import))
        return TG_EXIT_FAILED;
    enum tg_exit result = import->refused == 0 ? TG_EXIT_OK : TG_EXIT_REFUSED;
    size_t count = tg_json_count(import->wishes);
    if (count == 0 || is_dry)
        return result;
    if (!is_sure && !is_confirmed(count)) {
        fputs("nothing was changed\n", stderr);
        return TG_EXIT_FAILED;
    }
    status = carry_out(import, &error);
    if (status != TG_OK)
        return tg_cli_fail(&error);
    if (!import->cli->is_json && !import->cli->is_quiet)
        printf("added %zu prices\n", count);
    return result;
}

static enum tg_status read_list(struct import *import, const char *path, struct tg_error *error)
{
    if (path == NULL) {
        import->list_name = "Tollgate " TG_VERSION;
        return tg_price_list_parse(tg_text((const char *)tg_prices_builtin, tg_prices_builtin_bytes), &import->list,
                                   error);
    }
    struct tg_buf content;
    import->list_name = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
    enum tg_status status = tg_file_read(path, MAX_FILE_BYTES, &content, error);
    if (status == TG_OK) {
        status = tg_price_list_parse(tg_buf_text(&content), &import->list, error);
        if (status != TG_OK)
            tg_fail_context(error, status, "%s", path);
    }
    tg_buf_deinit(&content);
    return status;
}

static void deinit(struct import *import)
{
    tg_json *const trees[] = {import->kinds,  import->providers, import->models, import->deployments,
                              import->prices, import->changes,   import->wishes};
    for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); ++i)
        tg_json_destroy(trees[i]);
    tg_price_list_deinit(&import->list);
}

static enum tg_exit import_prices(struct tg_cli *cli, struct tg_arguments *arguments)
{
    struct tg_error error = {0};
    struct import import = {.cli = cli, .effective_from_ms = tg_time_unix_ms()};
    const char *from = tg_arguments_flag(arguments, "effective-from");
    bool is_dry = tg_arguments_switch(arguments, "dry-run"), is_sure = tg_arguments_switch(arguments, "yes");
    if (arguments->word_count > 1)
        return tg_cli_usage("\"%s\" is too much\n%s", arguments->words[1], prices_help);
    if (!tg_arguments_all_used(arguments, prices_help))
        return TG_EXIT_USAGE;
    if (from != NULL && !tg_time_parse(tg_text_of(from), &import.effective_from_ms))
        return tg_cli_usage("\"%s\" is not a time: use 2026-11-01 or 2026-11-01T12:00:00Z", from);
    enum tg_status status = read_list(&import, arguments->word_count == 0 ? NULL : arguments->words[0], &error);
    enum tg_exit result = status == TG_OK ? run(&import, is_dry, is_sure) : tg_cli_fail(&error);
    deinit(&import);
    return result;
}

static bool is_switch(const char *name)
{
    return strcmp(name, "dry-run") == 0 || strcmp(name, "yes") == 0;
}

enum tg_exit tg_command_prices(struct tg_cli *cli, int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || (argc >= 3 && strcmp(argv[2], "--help") == 0))) {
        fputs(prices_help, stdout);
        return TG_EXIT_OK;
    }
    if (argc < 2 || strcmp(argv[1], "import") != 0)
        return tg_cli_usage("prices wants import\n%s", prices_help);
    struct tg_arguments arguments;
    enum tg_exit result = TG_EXIT_USAGE;
    if (tg_arguments_parse(&arguments, argc - 2, argv + 2, is_switch))
        result = import_prices(cli, &arguments);
    tg_arguments_deinit(&arguments);
    return result;
}
