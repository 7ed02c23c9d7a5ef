#include "controlplane/catalog/catalog.h"

static const struct tg_field fields[] = {
    {.name = "deployment_id",
     .column = "deployment_id",
     .kind = TG_FIELD_ID,
     .flags = TG_FIELD_REQUIRED | TG_FIELD_FILTER,
     .target = &tg_deployment_type},
    {.name = "effective_from", .column = "effective_from", .kind = TG_FIELD_TIME},
    {.name = "input_per_million", .column = "input_pusd", .kind = TG_FIELD_PER_MILLION, .flags = TG_FIELD_REQUIRED},
    {.name = "cached_input_per_million", .column = "cached_input_pusd", .kind = TG_FIELD_PER_MILLION},
    {.name = "output_per_million", .column = "output_pusd", .kind = TG_FIELD_PER_MILLION, .flags = TG_FIELD_REQUIRED},
    {.name = "request_price", .column = "request_pusd", .kind = TG_FIELD_MONEY},
    {.name = "source", .column = "source", .kind = TG_FIELD_TEXT, .max = 500},
};

static enum tg_status prepare(struct tg_operation *operation, const struct tg_record *before, struct tg_record *after,
                              struct tg_refusal *refusal, struct tg_error *error)
{
    struct tg_value *effective_from = tg_record_value(after, "effective_from");
    if (!effective_from->is_given)
        tg_value_set_number(effective_from, operation->now_ms);
    struct tg_value *cached_input = tg_record_value(after, "cached_input_per_million");
    if (!cached_input->is_given)
        tg_value_set_number(cached_input, tg_record_get(after, "input_per_million")->number);
    return TG_OK;
}

static void check_delete(const struct tg_operation *operation, const struct tg_record *record,
                         struct tg_refusal *refusal)
{
    if (tg_record_get(record, "effective_from")->number <= operation->now_ms)
        tg_refuse(refusal, TG_REFUSAL_CONFLICT,
                  "The price is effective already: calls were charged at it. Add another that replaces it.");
}

static enum tg_status pack(const struct tg_operation *operation, const struct tg_record *record,
                           struct tg_packed *packed, struct tg_error *error)
{
    Tollgate__V1__Price price = TOLLGATE__V1__PRICE__INIT;
    price.id = tg_wire_id_field(&record->id);
    price.organization_id = tg_wire_id_field(&record->organization_id);
    price.deployment_id = tg_wire_id_field(&tg_record_get(record, "deployment_id")->id);
    price.effective_from_ms = tg_record_get(record, "effective_from")->number;
    price.input_pusd = tg_record_get(record, "input_per_million")->number;
    price.cached_input_pusd = tg_record_get(record, "cached_input_per_million")->number;
    price.output_pusd = tg_record_get(record, "output_per_million")->number;
    price.request_pusd = tg_record_get(record, "request_price")->number;
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
    .check_delete = check_delete,
    .pack = pack,
};
