#include "controlplane/catalog/credential_kind.h"

#include "common/crypto/secret.h"
#include "controlplane/catalog/catalog.h"
#include "controlplane/catalog/service_account.h"

const char *const tg_credential_kinds[] = {
    "api_key",          "client_certificate",  "aws_access_key",           "aws_assume_role",
    "aws_web_identity", "gcp_service_account", "azure_client_credentials", NULL};

enum { MAX_KIND_MEMBERS = 8 };

/* Members besides name and provider. Those that are written and never read come first in `required`. */
static const struct rule {
    const char *kind;
    bool is_exchanged;
    const char *required[MAX_KIND_MEMBERS];
    const char *optional[MAX_KIND_MEMBERS];
} rules[] = {
    {"api_key", false, {"secret"}, {"client_certificate_pem", "client_key_pem"}},
    {"client_certificate", false, {"client_key_pem", "client_certificate_pem"}, {NULL}},
    {"aws_access_key", false, {"secret", "access_key_id"}, {"session_token"}},
    {"aws_assume_role",
     true,
     {"secret", "access_key_id", "role_arn"},
     {"session_token", "external_id", "region", "token_url", "ca_pem", "session_duration_s"}},
    {"aws_web_identity", true, {"role_arn", "token_file"}, {"region", "token_url", "ca_pem", "session_duration_s"}},
    {"gcp_service_account", true, {"service_account_key"}, {"ca_pem"}},
    {"azure_client_credentials", true, {"secret", "tenant_id", "client_id"}, {"token_url", "ca_pem"}},
};

/* Every member that belongs to some kinds only. */
static const char *const members[] = {"secret",
                                      "access_key_id",
                                      "session_token",
                                      "service_account_key",
                                      "role_arn",
                                      "external_id",
                                      "region",
                                      "token_file",
                                      "tenant_id",
                                      "client_id",
                                      "token_url",
                                      "ca_pem",
                                      "session_duration_s",
                                      "client_certificate_pem",
                                      "client_key_pem"};
enum { MEMBER_COUNT = sizeof(members) / sizeof(members[0]) };

static const struct rule *find_rule(const struct tg_record *record)
{
    struct tg_text kind = tg_record_get(record, "kind")->text;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); ++i)
        if (tg_text_is(kind, rules[i].kind))
            return &rules[i];
    return NULL;
}

bool tg_credential_is_exchanged(const struct tg_record *record)
{
    const struct rule *rule = find_rule(record);
    return rule != NULL && rule->is_exchanged;
}

static bool has_member(const char *const *list, const char *member)
{
    for (size_t i = 0; i < MAX_KIND_MEMBERS && list[i] != NULL; ++i)
        if (strcmp(list[i], member) == 0)
            return true;
    return false;
}

/* Secrets are seen only while they are set. */
static bool is_write_only(const char *member)
{
    return strcmp(member, "secret") == 0 || strcmp(member, "service_account_key") == 0 ||
           strcmp(member, "client_key_pem") == 0;
}

static void check_member(const struct rule *rule, const char *member, bool is_creation, const struct tg_record *after,
                         struct tg_refusal *refusal)
{
    const struct tg_value *value = tg_record_get(after, member);
    bool is_required = has_member(rule->required, member);
    if (value->is_given && !is_required && !has_member(rule->optional, member))
        tg_refuse_field(refusal, tg_text_of(member), "is no part of a credential of kind %s", rule->kind);
    else if (is_required && value->text.bytes == 0 && (is_creation || value->is_given || !is_write_only(member)))
        tg_refuse_field(refusal, tg_text_of(member), "is required");
}

static bool is_host_name(struct tg_text text)
{
    for (size_t i = 0; i < text.bytes; ++i) {
        char c = text.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return false;
    }
    return true;
}

/* What becomes part of an address or a path must stay in its place there. */
static void check_contents(const struct tg_operation *operation, const struct tg_record *after,
                           struct tg_refusal *refusal)
{
    static const char *const in_urls[] = {"region", "tenant_id"};
    for (size_t i = 0; i < sizeof(in_urls) / sizeof(in_urls[0]); ++i)
        if (!is_host_name(tg_record_get(after, in_urls[i])->text))
            tg_refuse_field(refusal, tg_text_of(in_urls[i]), "must consist of letters, digits, dots and hyphens");
    struct tg_text url = tg_record_get(after, "token_url")->text;
    if (url.bytes != 0 && (!tg_text_starts_with(url, "https://") || url.bytes == strlen("https://") ||
                           memchr(url.data, '#', url.bytes) != NULL || memchr(url.data, '@', url.bytes) != NULL))
        tg_refuse_field(refusal, tg_text_of("token_url"), "must be an https:// address without user and fragment");
    struct tg_text file = tg_record_get(after, "token_file")->text;
    if (file.bytes != 0 && (file.data[0] == '.' || memchr(file.data, '/', file.bytes) != NULL))
        tg_refuse_field(refusal, tg_text_of("token_file"),
                        "must be the name of a file in the folder minting.token_dir, without a path");
    const struct tg_value *key = tg_record_get(after, "service_account_key");
    struct tg_service_account account = {0};
    struct tg_error error;
    if (key->is_given && key->text.bytes != 0 &&
        tg_service_account_read(key->text, operation->arena, &account, &error) != TG_OK)
        tg_refuse_field(refusal, tg_text_of("service_account_key"), "is no service account's key: %s", error.message);
    else if (key->is_given && account.private_key.bytes != 0)
        tg_secret_wipe((char *)account.private_key.data, account.private_key.bytes);
}

static bool complains_of(const struct tg_refusal *refusal, const char *field)
{
    for (size_t i = 0; i < refusal->error_count; ++i)
        if (strcmp(refusal->errors[i].field, field) == 0)
            return true;
    return false;
}

void tg_credential_check_members(const struct tg_operation *operation, const struct tg_record *before,
                                 const struct tg_record *after, struct tg_refusal *refusal)
{
    const struct rule *rule = find_rule(after);
    if (rule == NULL || complains_of(refusal, "kind"))
        return; /* what it must have depends on that */
    for (size_t i = 0; i < MEMBER_COUNT; ++i)
        check_member(rule, members[i], before == NULL, after, refusal);
    check_contents(operation, after, refusal);
}

bool tg_credential_changes_token(const struct tg_record *after)
{
    for (size_t i = 0; i < MEMBER_COUNT; ++i)
        if (tg_record_get(after, members[i])->is_given)
            return true;
    return false;
}
