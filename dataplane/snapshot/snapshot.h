/* Everything a replica needs to decide, as of one committed configuration change: immutable, shared by all workers,
 * compiled from the stream's resources into the form in which the pipeline asks its questions.
 *
 * The link's thread builds a snapshot at each Commit (unchanged parts are shared or copied, as the builder sees fit),
 * and posts it to every worker, each of which holds one reference and gives up its old one when the last exchange that
 * started under it has ended. Nothing here is ever written after tg_snapshot_build() returned, so reading needs no
 * lock.
 *
 *   key hash -> principal -> application, project, team, organization, access profile, budgets that apply
 *   organization + model name -> model -> deployments in order of preference -> provider, credential, prices */
#ifndef TG_SNAPSHOT_SNAPSHOT_H
#define TG_SNAPSHOT_SNAPSHOT_H

#include "common/base/id.h"
#include "common/http/client.h"
#include "common/rates/rates.h"
#include "dataplane/dialects/canonical/dialect.h"
#include "dataplane/dialects/canonical/operation.h"
#include "dataplane/wallet/wallet.h"

typedef struct tg_snapshot tg_snapshot;

struct tg_provider_api {
    enum tg_operation operation;
    enum tg_dialect_id dialect;
    struct tg_text path;        /* "{model}" stands for the upstream's name */
    struct tg_text stream_path; /* of streams; the same as `path` unless the provider wants another */
};

struct tg_provider {
    struct tg_id id;
    struct tg_text name;
    struct tg_text kind; /* the registry's row: "openai" */
    enum tg_provider_auth {
        TG_AUTH_NONE,
        TG_AUTH_BEARER,
        TG_AUTH_HEADER,   /* auth_name: the secret */
        TG_AUTH_QUERY,    /* ?auth_name=the secret */
        TG_AUTH_AWS_SIGV4 /* auth_name: the service */
    } auth;
    struct tg_text auth_name, region;
    struct tg_text auth_scheme;         /* of TG_AUTH_HEADER: the word before the secret; usually empty */
    const struct tg_provider_api *apis; /* of one operation, the preferred dialect first */
    size_t api_count;
    const struct tg_http_header *headers; /* sent with every call */
    size_t header_count;
    const struct tg_parameter_rule *rules;
    size_t rule_count;
    const char *maximum_field;    /* chat: what limits the output where the client named nothing */
    bool asks_for_usage;          /* chat: stream_options.include_usage is understood */
    struct tg_http_origin origin; /* parsed from the base URL, TLS context without a client certificate included */
    struct tg_text host_header;   /* host, with the port where it is not the scheme's */
    struct tg_text path_prefix;   /* "/v1": no slash at the end; may be empty */
    struct tg_http_timeouts timeouts;
};

struct tg_price {
    struct tg_id id;
    int64_t effective_from_ms;
    int64_t request_pusd;           /* per request, on top */
    const struct tg_rate_set *sets; /* full ones, for tg_rates_pick(); their texts live as long */
    size_t set_count;
};

struct tg_deployment {
    struct tg_id id;
    const struct tg_provider *provider;
    struct tg_http_origin origin; /* the provider's; with the credential's client certificate, if it has one */
    /* The credential. What is empty is not sent: there is none, or its first token is still being minted. Never logged.
     */
    enum tg_credential_kind {
        TG_CREDENTIAL_API_KEY,
        TG_CREDENTIAL_AWS_KEYS,          /* secret, access_key_id, and session_token if they are short-lived */
        TG_CREDENTIAL_BEARER_TOKEN,      /* Authorization: Bearer, wherever the provider's own keys go */
        TG_CREDENTIAL_CLIENT_CERTIFICATE /* the connection proves it: no secret */
    } credential_kind;
    struct tg_text secret, access_key_id, session_token;
    int64_t credential_expires_at_ms; /* 0: never */
    struct tg_text upstream_model;
    int64_t weight, priority;
    const struct tg_price *prices; /* newest first */
    size_t price_count;
};

struct tg_model {
    struct tg_id id;
    struct tg_text name;
    enum tg_model_kind kind;
    enum tg_loss_policy translation_policy;
    int64_t max_input_tokens, max_output_tokens;
    int64_t created_at_ms;
    const struct tg_deployment *deployments; /* enabled ones, by priority */
    size_t deployment_count;
};

struct tg_budget {
    struct tg_id id;
    struct tg_text name;
    enum tg_budget_scope {
        TG_SCOPE_ORGANIZATION,
        TG_SCOPE_TEAM,
        TG_SCOPE_PROJECT,
        TG_SCOPE_APPLICATION,
        TG_SCOPE_API_KEY
    } scope;
    struct tg_id model_id; /* zero: every model */
    enum tg_budget_unit unit;
    struct tg_text window; /* "month", …: for messages */
    tg_wallet_account *account;
};

/* Who calls, resolved as far as can be before the request is looked at. */
struct tg_principal {
    struct tg_id organization_id, team_id, project_id, application_id, api_key_id, access_profile_id;
    int64_t expires_at_ms; /* 0: never */
    bool is_revoked;
};

tg_snapshot *tg_snapshot_ref(tg_snapshot *snapshot); /* any thread */
void tg_snapshot_unref(tg_snapshot *snapshot);       /* any thread; NULL is fine */

int64_t tg_snapshot_revision(const tg_snapshot *snapshot);

/* False if no key has that hash. */
bool tg_snapshot_find_key(const tg_snapshot *snapshot, const uint8_t sha256[32], struct tg_principal *principal);

/* The enabled model of that name if the principal's access profile allows it, else NULL: what is not allowed does not
 * exist. */
const struct tg_model *tg_snapshot_find_model(const tg_snapshot *snapshot, const struct tg_principal *principal,
                                              struct tg_text name);

/* The models that the principal may use, by name: call with index 0, 1, … until NULL. */
const struct tg_model *tg_snapshot_list_models(const tg_snapshot *snapshot, const struct tg_principal *principal,
                                               size_t *cursor);

/* The budgets that apply to a call of `model` by the principal, widest scope first. Returns how many were written (at
 * most `capacity`; the builder refuses a configuration in which more than TG_WALLET_MAX_LINES could apply). */
size_t tg_snapshot_find_budgets(const tg_snapshot *snapshot, const struct tg_principal *principal,
                                const struct tg_model *model, const struct tg_budget **budgets, size_t capacity);

/* How a provider serves an operation: in `preferred`, the client's dialect, if it does, else in its own first one; NULL
 * if it does not. */
const struct tg_provider_api *tg_provider_find_api(const struct tg_provider *provider, enum tg_operation operation,
                                                   enum tg_dialect_id preferred);

/* The price that applies at `unix_ms`, or NULL if none is in force yet. */
const struct tg_price *tg_deployment_price(const struct tg_deployment *deployment, int64_t unix_ms);

/* The budget that an account stands for, for error messages; NULL if it is gone. */
const struct tg_budget *tg_snapshot_find_budget(const tg_snapshot *snapshot, struct tg_id id);

#endif
