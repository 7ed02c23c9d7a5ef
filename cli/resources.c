#include "cli/resource.h"

#define CREATE TG_ON_CREATE
#define UPDATE TG_ON_UPDATE
#define LIST   TG_ON_LIST
#define NAME                                                                                                           \
    {                                                                                                                  \
        "name", "name", TG_MEMBER_TEXT, NULL, UPDATE, "a new name"                                                     \
    }
#define DISPLAY_NAME                                                                                                   \
    {                                                                                                                  \
        "display-name", "display_name", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "how people call it"                    \
    }

static const struct tg_resource resources[] = {
    {.noun = "org",
     .singular = "organization",
     .collection = "organizations",
     .columns = {"display_name", "timezone", "id"},
     .members = {NAME,
                 DISPLAY_NAME,
                 {"timezone", "timezone", TG_MEMBER_TEXT, NULL, CREATE | UPDATE,
                  "where its days and months begin, such as Europe/Berlin"}}},
    {.noun = "team",
     .singular = "team",
     .collection = "teams",
     .columns = {"display_name", "id"},
     .members = {NAME, DISPLAY_NAME}},
    {.noun = "project",
     .singular = "project",
     .collection = "projects",
     .columns = {"display_name", "team_id", "id"},
     .members = {NAME,
                 DISPLAY_NAME,
                 {"team", "team_id", TG_MEMBER_REFERENCE, "team", CREATE | LIST, "the team that it belongs to"}}},
    {.noun = "app",
     .singular = "application",
     .collection = "applications",
     .columns = {"display_name", "project_id", "id"},
     .members = {NAME,
                 DISPLAY_NAME,
                 {"project", "project_id", TG_MEMBER_REFERENCE, "project", CREATE | LIST,
                  "the project that it belongs to"}}},
    {.noun = "key",
     .singular = "API key",
     .collection = "api-keys",
     .columns = {"prefix", "last_four", "application_id", "access_profile_id", "expires_at", "revoked_at", "id"},
     .members = {NAME,
                 {"app", "application_id", TG_MEMBER_REFERENCE, "app", CREATE | LIST,
                  "the application that it belongs to"},
                 {"profile", "access_profile_id", TG_MEMBER_REFERENCE, "profile", CREATE | UPDATE,
                  "the access profile that says what it may use"},
                 {"expires-at", "expires_at", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "when it ends (RFC 3339)"},
                 {"sha256", "sha256", TG_MEMBER_TEXT, NULL, CREATE,
                  "brings a key from elsewhere by the SHA-256 of its text, in hex"}}},
    {.noun = "provider",
     .singular = "provider",
     .collection = "providers",
     .columns = {"kind", "base_url", "id"},
     .members = {NAME,
                 {"base-url", "base_url", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "such as https://api.openai.com/v1"},
                 {"kind", "kind", TG_MEMBER_TEXT, NULL, CREATE,
                  "what it is: openai, anthropic, groq, …; see `tollgate provider kinds`"},
                 {"region", "region", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "of the cloud, for kinds that need one"},
                 {"project", "project", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "likewise"},
                 {"account", "account", TG_MEMBER_TEXT, NULL, CREATE | UPDATE,
                  "likewise: an account, resource or workspace"},
                 {"api-version", "api_version", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "likewise"},
                 {"ca-file", "ca_pem", TG_MEMBER_FILE, NULL, CREATE | UPDATE,
                  "certificates (PEM) to trust instead of the system's"},
                 {"connect-timeout-ms", "connect_timeout_ms", TG_MEMBER_INTEGER, NULL, CREATE | UPDATE, "to connect"},
                 {"first-byte-timeout-ms", "first_byte_timeout_ms", TG_MEMBER_INTEGER, NULL, CREATE | UPDATE,
                  "until its answer begins"},
                 {"idle-timeout-ms", "idle_timeout_ms", TG_MEMBER_INTEGER, NULL, CREATE | UPDATE,
                  "between two bytes of an answer"},
                 {"total-timeout-ms", "total_timeout_ms", TG_MEMBER_INTEGER, NULL, CREATE | UPDATE,
                  "for a whole call"}}},
    {.noun = "credential",
     .singular = "credential",
     .collection = "credentials",
     .columns = {"kind", "status", "last_four", "expires_at", "provider_id", "id"},
     .members =
         {NAME,
          {"provider", "provider_id", TG_MEMBER_REFERENCE, "provider", CREATE | LIST, "the provider that it opens"},
          {"secret-file", "secret", TG_MEMBER_SECRET_FILE, NULL, CREATE | UPDATE,
           "a file with the secret, readable by its owner alone"},
          {"secret-env", "secret", TG_MEMBER_SECRET_ENV, NULL, CREATE | UPDATE,
           "the environment variable that holds the secret"},
          {"kind", "kind", TG_MEMBER_TEXT, NULL, CREATE,
           "api_key, client_certificate, aws_access_key, aws_assume_role, aws_web_identity, gcp_service_account or "
           "azure_client_credentials"},
          {"client-certificate-file", "client_certificate_pem", TG_MEMBER_FILE, NULL, CREATE | UPDATE,
           "the certificate (PEM, its chain behind it) that connections are made with"},
          {"client-key-file", "client_key_pem", TG_MEMBER_SECRET_FILE, NULL, CREATE | UPDATE,
           "its private key (PEM), readable by its owner alone"},
          {"from-file", "service_account_key", TG_MEMBER_SECRET_FILE, NULL, CREATE | UPDATE,
           "Google: the JSON key of a service account, readable by its owner alone"},
          {"access-key-id", "access_key_id", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "AWS: of the access key"},
          {"session-token-file", "session_token", TG_MEMBER_SECRET_FILE, NULL, CREATE | UPDATE,
           "AWS: of an access key that is short-lived"},
          {"role-arn", "role_arn", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "AWS: the role to assume"},
          {"external-id", "external_id", TG_MEMBER_TEXT, NULL, CREATE | UPDATE,
           "AWS: what the role asks for from others than its owner"},
          {"region", "region", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "AWS: of the token service"},
          {"token-file", "token_file", TG_MEMBER_TEXT, NULL, CREATE | UPDATE,
           "AWS: name of the workload's token in the control plane's folder minting.token_dir"},
          {"session-duration-s", "session_duration_s", TG_MEMBER_INTEGER, NULL, CREATE | UPDATE,
           "AWS: how long a session of the role lasts"},
          {"tenant-id", "tenant_id", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "Azure: directory of the client"},
          {"client-id", "client_id", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "Azure: the client"},
          {"token-url", "token_url", TG_MEMBER_TEXT, NULL, CREATE | UPDATE,
           "where tokens are asked for instead of the provider's own address"},
          {"ca-file", "ca_pem", TG_MEMBER_FILE, NULL, CREATE | UPDATE,
           "certificates (PEM) to trust there instead of the system's"}}},
    {.noun = "model",
     .singular = "model",
     .collection = "models",
     .columns = {"kind", "max_input_tokens", "max_output_tokens", "is_enabled", "id"},
     .members = {NAME,
                 {"kind", "kind", TG_MEMBER_TEXT, NULL, CREATE,
                  "chat, completion, embedding, moderation, rerank, image, speech, transcription or native"},
                 {"max-input-tokens", "max_input_tokens", TG_MEMBER_INTEGER, NULL, CREATE | UPDATE,
                  "the longest prompt"},
                 {"max-output-tokens", "max_output_tokens", TG_MEMBER_INTEGER, NULL, CREATE | UPDATE,
                  "the longest answer"},
                 {"translation-policy", "translation_policy", TG_MEMBER_TEXT, NULL, CREATE | UPDATE,
                  "for what a provider's dialect cannot say: refuse_meaning, refuse_all or drop"},
                 {"is-enabled", "is_enabled", TG_MEMBER_BOOLEAN, NULL, CREATE | UPDATE, "true or false"}}},
    {.noun = "deployment",
     .singular = "deployment",
     .collection = "deployments",
     .columns = {"model_id", "provider_id", "upstream_model", "priority", "weight", "is_enabled", "id"},
     .members = {NAME,
                 {"model", "model_id", TG_MEMBER_REFERENCE, "model", CREATE | LIST, "the model that it serves"},
                 {"provider", "provider_id", TG_MEMBER_REFERENCE, "provider", CREATE | UPDATE, "where it is"},
                 {"credential", "credential_id", TG_MEMBER_REFERENCE, "credential", CREATE | UPDATE,
                  "what opens the provider"},
                 {"upstream-model", "upstream_model", TG_MEMBER_TEXT, NULL, CREATE | UPDATE,
                  "the provider's name for the model"},
                 {"priority", "priority", TG_MEMBER_INTEGER, NULL, CREATE | UPDATE, "lower is tried first"},
                 {"weight", "weight", TG_MEMBER_INTEGER, NULL, CREATE | UPDATE, "its share within a priority"},
                 {"is-enabled", "is_enabled", TG_MEMBER_BOOLEAN, NULL, CREATE | UPDATE, "true or false"}}},
    {.noun = "price",
     .singular = "price",
     .collection = "prices",
     .columns = {"effective_from", "rates", "request_price", "source", "deployment_id", "id"},
     .is_nameless = true,
     .is_immutable = true,
     .members = {{"deployment", "deployment_id", TG_MEMBER_REFERENCE, "deployment", CREATE | LIST,
                  "the deployment that it is for"},
                 {"effective-from", "effective_from", TG_MEMBER_TEXT, NULL, CREATE,
                  "from when (RFC 3339); now if not given"},
                 {"rates", "rates", TG_MEMBER_RATES, NULL,
                  CREATE, "dollars per million tokens: input=2.50,cached_input=1.25,output=10"},
                 {"tiers", "tiers", TG_MEMBER_RATES, NULL,
                  CREATE, "rates above a number of input tokens, as JSON; see docs/prices.md"},
                 {"service-tiers", "service_tiers", TG_MEMBER_RATES, NULL,
                  CREATE, "rates of batch, flex, priority, as JSON"},
                 {"request-price", "request_price", TG_MEMBER_TEXT, NULL, CREATE, "dollars per request, on top"},
                 {"source", "source", TG_MEMBER_TEXT, NULL, CREATE, "where the price was read"}}},
    {.noun = "profile",
     .singular = "access profile",
     .collection = "access-profiles",
     .columns = {"display_name", "allows_all_models", "id"},
     .members = {NAME,
                 DISPLAY_NAME,
                 {"models", "model_ids", TG_MEMBER_REFERENCES, "model", CREATE | UPDATE,
                  "the models that it allows, separated by commas"},
                 {"allows-all-models", "allows_all_models", TG_MEMBER_BOOLEAN, NULL, CREATE | UPDATE,
                  "true or false"}}},
    {.noun = "budget",
     .singular = "budget",
     .collection = "budgets",
     .columns = {"scope", "unit", "limit", "window", "contention", "id"},
     .members = {NAME,
                 {"scope", "scope", TG_MEMBER_SCOPE, NULL, CREATE,
                  "what it limits: organization, team:NAME, project:NAME, app:NAME or key:NAME"},
                 {"model", "model_id", TG_MEMBER_REFERENCE, "model", CREATE, "limits calls of this model only"},
                 {"unit", "unit", TG_MEMBER_TEXT, NULL, CREATE, "money or tokens"},
                 {"limit", "limit", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "dollars or tokens"},
                 {"window", "window", TG_MEMBER_TEXT, NULL, CREATE, "hour, day, week, month or none"},
                 {"contention", "contention", TG_MEMBER_TEXT, NULL, CREATE | UPDATE, "wait or clamp"},
                 {"max-wait-ms", "max_wait_ms", TG_MEMBER_INTEGER, NULL, CREATE | UPDATE, "how long a call may wait"},
                 {"clamp-floor-tokens", "clamp_floor_tokens", TG_MEMBER_INTEGER, NULL, CREATE | UPDATE,
                  "the shortest answer that clamping leaves"},
                 {"outage", "outage", TG_MEMBER_TEXT, NULL, CREATE | UPDATE,
                  "without the control plane: deny or allow_and_report"}}},
    {.noun = "replica",
     .singular = "replica",
     .collection = "replicas",
     .columns = {"is_connected", "version", "acked_revision", "revision", "refused_reason", "journal_pending_records"},
     .is_read_only = true},
    {.noun = "audit",
     .singular = "audit entry",
     .collection = "audit-log",
     .columns = {"at", "actor", "action", "resource_type", "resource_id", "revision"},
     .is_nameless = true,
     .is_read_only = true},
};

enum { RESOURCE_COUNT = sizeof(resources) / sizeof(resources[0]) };

const struct tg_resource *tg_resource_find(const char *noun)
{
    for (size_t i = 0; i < RESOURCE_COUNT; ++i) {
        if (strcmp(resources[i].noun, noun) == 0)
            return &resources[i];
    }
    return NULL;
}

bool tg_is_resource(const char *noun)
{
    return tg_resource_find(noun) != NULL;
}

void tg_print_resources(FILE *out)
{
    for (size_t i = 0; i < RESOURCE_COUNT; ++i) {
        const struct tg_resource *resource = &resources[i];
        fprintf(out, "  tollgate %-10s %s\n", resource->noun,
                resource->is_read_only                    ? "list"
                : resource->is_immutable                  ? "create | list | show | delete"
                : strcmp(resource->noun, "key") == 0      ? "create | list | show | update | revoke | delete"
                : strcmp(resource->noun, "provider") == 0 ? "create | list | show | update | delete | kinds"
                                                          : "create | list | show | update | delete");
    }
}
