/* A price: dated, never changed, its rates one document (common/rates/rates_json.h). The API's members `rates`, `tiers`
 * and `service_tiers` are brought into their form when it is created, and kept together in the column `rates`. */
#include <assert.h>

#include "common/rates/rates_json.h"
#include "controlplane/catalog/catalog.h"

enum { MAX_DOCUMENT_BYTES = 128 << 10, PARTS = 3 };

static const char *const currencies[] = {"USD", NULL};
static const char *const parts[PARTS] = {"rates", "tiers", "service_tiers"};

static const struct tg_field fields[] = {
    {.name = "deployment_id",
     .column = "deployment_id",
     .kind = TG_FIELD_ID,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER,
     .target = &tg_deployment_type},
    {.name = "effective_from", .column = "effective_from", .kind = TG_FIELD_TIME},
    {.name = "currency", .kind = TG_FIELD_CHOICE, .choices = currencies, .default_text = "USD"},
    {.name = "rates", .kind = TG_FIELD_DOCUMENT, .flags = TG_FIELD_REQUIRED},
    {.name = "tiers", .kind = TG_FIELD_DOCUMENT, .default_text = "[]"},
    {.name = "service_tiers", .kind = TG_FIELD_DOCUMENT, .default_text = "{}"},
    {.name = "request_price", .column = "request_pusd", .kind = TG_FIELD_MONEY},
    {.name = "source", .column = "source", .kind = TG_FIELD_TEXT, .max = 500},
    {.name = "document", .column = "rates", .kind = TG_FIELD_JSON, .flags = TG_FIELD_COMPUTED | TG_FIELD_HIDDEN},
};

static struct tg_text dump(struct tg_operation *operation, const tg_json *json)
{
    struct tg_buf text;
    tg_buf_init(&text, MAX_DOCUMENT_BYTES);
    enum tg_status status = tg_json_dump(json, TG_JSON_COMPACT, &text);
    assert(status == TG_OK); /* it was read from less */
    (void)status;
    struct tg_text copy = tg_arena_copy(operation->arena, tg_buf_text(&text));
    tg_buf_deinit(&text);
    return copy;
}

/* Sets the three members, and the document that holds them, from sets of rates. */
static void set_parts(struct tg_operation *operation, const struct tg_rate_list *list, struct tg_record *record)
{
    tg_json *document = tg_json_new_object();
    tg_rates_write(list->sets, list->count, document);
    for (int i = 0; i < PARTS; ++i)
        tg_value_set_text(tg_record_value(record, parts[i]), dump(operation, tg_json_member(document, parts[i])));
    tg_value_set_text(tg_record_value(record, "document"), dump(operation, document));
    tg_json_destroy(document);
}

/* Every part that is there, parsed; what was sent has been JSON already. */
static void parse_parts(const struct tg_record *record, tg_json *roots[PARTS])
{
    for (int i = 0; i < PARTS; ++i) {
        roots[i] = NULL;
        struct tg_text text = tg_record_get(record, parts[i])->text;
        enum tg_status status = text.bytes == 0 ? TG_OK : tg_json_parse(text, &roots[i], NULL);
        assert(status == TG_OK);
        (void)status;
    }
}

static void destroy_parts(tg_json *roots[PARTS])
{
    for (int i = 0; i < PARTS; ++i)
        tg_json_destroy(roots[i]);
}

static enum tg_status prepare(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                              struct tg_refusal *refusal, struct tg_error *error)
{
    struct tg_value *effective_from = tg_record_value(after, "effective_from");
    if (!effective_from->is_given)
        tg_value_set_number(effective_from, operation->now_ms);
    struct tg_rate_list list = {.count = 0};
    struct tg_rates_problem problem;
    tg_json *roots[PARTS];
    parse_parts(after, roots);
    if (!tg_rates_read(roots[0], roots[1], roots[2], &list, &problem))
        tg_refuse_field(refusal, tg_text_of(problem.field), "%s", problem.message);
    else if (roots[0] != NULL && list.sets[0].has == 0)
        tg_refuse_field(refusal, tg_text_of("rates"), "must have a rate; \"0\" is one");
    else if (roots[0] != NULL)
        set_parts(operation, &list, after);
    destroy_parts(roots);
    return TG_OK;
}

/* The sets in the stored document; the tree must live as long. */
static enum tg_status read_document(const struct tg_record *record, tg_json **document, struct tg_rate_list *list,
                                    struct tg_error *error)
{
    struct tg_rates_problem problem;
    *list = (struct tg_rate_list){.count = 0};
    enum tg_status status = tg_json_parse(tg_record_get(record, "document")->text, document, error);
    if (status == TG_OK && !tg_rates_read(tg_json_member(*document, parts[0]), tg_json_member(*document, parts[1]),
                                          tg_json_member(*document, parts[2]), list, &problem))
        status = tg_fail(error, TG_CORRUPT, "the stored rates of a price: %s %s", problem.field, problem.message);
    return status;
}

static enum tg_status enrich(struct tg_operation *operation, struct tg_record *records, size_t count,
                             struct tg_error *error)
{
    enum tg_status status = TG_OK;
    for (size_t i = 0; i < count && status == TG_OK; ++i) {
        struct tg_rate_list list;
        tg_json *document = NULL;
        status = read_document(&records[i], &document, &list, error);
        if (status == TG_OK)
            set_parts(operation, &list, &records[i]);
        tg_json_destroy(document);
        tg_value_set_text(tg_record_value(&records[i], "currency"), tg_text_of(currencies[0]));
    }
    return status;
}

static void check_delete(const struct tg_operation *operation, const struct tg_record *record,
                         struct tg_refusal *refusal)
{
    if (tg_record_get(record, "effective_from")->number <= operation->now_ms)
        tg_refuse(refusal, TG_REFUSAL_CONFLICT,
                  "The price is effective already: calls were charged at it. Add another that replaces it.");
}

/* Room for the rates of every set, or the mark that its service tier is known. */
enum { MAX_RATES = TG_RATES_MAX_SETS * TG_USAGE_KIND_COUNT };

static void add_rate(const struct tg_operation *operation, Tollgate__V1__Price *price, const struct tg_rate_set *set,
                     Tollgate__V1__UsageKind kind, int64_t pusd)
{
    Tollgate__V1__Rate *rate = tg_arena_alloc(operation->arena, sizeof(*rate));
    tollgate__v1__rate__init(rate);
    rate->kind = kind;
    rate->service_tier = (char *)(uintptr_t)tg_arena_copy(operation->arena, set->service_tier).data;
    rate->above_input_tokens = set->above_input_tokens;
    rate->pusd = pusd;
    price->rates[price->n_rates++] = rate;
}

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    Tollgate__V1__Price price = TOLLGATE__V1__PRICE__INIT;
    price.id = tg_wire_id_field(&record->id);
    price.organization_id = tg_wire_id_field(&record->organization_id);
    price.deployment_id = tg_wire_id_field(&tg_record_get(record, "deployment_id")->id);
    price.effective_from_ms = tg_record_get(record, "effective_from")->number;
    price.request_pusd = tg_record_get(record, "request_price")->number;
    price.rates = tg_arena_alloc(operation->arena, MAX_RATES * sizeof(Tollgate__V1__Rate *));
    struct tg_rate_list list;
    tg_json *document = NULL;
    tg_buf_init(&packed->payload, 0); /* in case there is nothing to pack */
    enum tg_status status = read_document(record, &document, &list, error);
    for (size_t i = 0; status == TG_OK && i < list.count; ++i) {
        if (list.sets[i].has == 0)
            add_rate(operation, &price, &list.sets[i], TOLLGATE__V1__USAGE_KIND__USAGE_KIND_UNSPECIFIED, 0);
        for (int kind = 0; kind < TG_USAGE_KIND_COUNT; ++kind)
            if (tg_rate_has(&list.sets[i], (enum tg_usage_kind)kind))
                add_rate(operation, &price, &list.sets[i], (Tollgate__V1__UsageKind)(kind + 1),
                         list.sets[i].pusd[kind]);
    }
    tg_json_destroy(document);
    if (status != TG_OK)
        return status;
    Tollgate__V1__Resource resource = TOLLGATE__V1__RESOURCE__INIT;
    resource.kind_case = TOLLGATE__V1__RESOURCE__KIND_PRICE;
    resource.price = &price;
    return tg_snapshot_pack(&resource, packed, error);
}

const struct tg_resource_type tg_price_type = {
    .name = "price",
    .plural = "prices",
    .noun = "price",
    .article_noun = "a price",
    .table = "prices",
    .wire_type = TOLLGATE__V1__RESOURCE_TYPE__RESOURCE_TYPE_PRICE,
    .is_fixed = true,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .prepare = prepare,
    .enrich = enrich,
    .check_delete = check_delete,
    .pack = pack,
};
