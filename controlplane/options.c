#include "controlplane/options.h"

const char *const tg_controlplane_log_levels[] = {"debug", "info", "warning", "error", NULL};

static const struct tg_setting rows[] = {
    {.key = "database.url",
     .type = TG_SETTING_STRING,
     .secrecy = TG_SETTING_SECRET,
     .doc = "Postgres, as the service's role: postgresql://user@host/database. Passwords belong into a passfile."},
    {.key = "database.migrate_url",
     .type = TG_SETTING_STRING,
     .secrecy = TG_SETTING_SECRET,
     .doc = "The same as the owner of the tables, for the command migrate; database.url if it is not set."},
    {.key = "database.migrations_dir",
     .type = TG_SETTING_PATH,
     .fallback = "/usr/share/tollgate/migrations",
     .doc = "The folder of the migrations."},
    {.key = "api.host", .type = TG_SETTING_STRING, .fallback = "127.0.0.1", .doc = "Where the admin API listens."},
    {.key = "api.port",
     .type = TG_SETTING_INTEGER,
     .fallback = "8090",
     .min = 0,
     .max = 65535,
     .doc = "Port of the admin API; 0 picks a free one."},
    {.key = "api.workers",
     .type = TG_SETTING_INTEGER,
     .fallback = "4",
     .min = 1,
     .max = 64,
     .doc = "How many requests of the admin API are worked on at once; each has a connection to the database. "
            "Exports take half of them at most."},
    {.key = "api.tls_certificate_file",
     .type = TG_SETTING_PATH,
     .doc = "Certificate with its chain (PEM), to serve the admin API over TLS."},
    {.key = "api.tls_key_file",
     .type = TG_SETTING_PATH,
     .secrecy = TG_SETTING_SECRET_FILE,
     .doc = "Key of that certificate (PEM)."},
    {.key = "stream.host", .type = TG_SETTING_STRING, .fallback = "127.0.0.1", .doc = "Where replicas connect to."},
    {.key = "stream.port",
     .type = TG_SETTING_INTEGER,
     .fallback = "8091",
     .min = 0,
     .max = 65535,
     .doc = "Port for replicas; 0 picks a free one."},
    {.key = "stream.certificate_file", .type = TG_SETTING_PATH, .doc = "Certificate that replicas see (PEM)."},
    {.key = "stream.key_file",
     .type = TG_SETTING_PATH,
     .secrecy = TG_SETTING_SECRET_FILE,
     .doc = "Key of that certificate (PEM)."},
    {.key = "stream.client_ca_file",
     .type = TG_SETTING_PATH,
     .doc = "Authority that signs the replicas' certificates (PEM)."},
    {.key = "seal.key_file",
     .type = TG_SETTING_PATH,
     .secrecy = TG_SETTING_SECRET_FILE,
     .doc = "The key that credentials are sealed with in the database: 64 hex digits or base64. Without it they are "
            "lost."},
    {.key = "provider_registry.file",
     .type = TG_SETTING_PATH,
     .doc =
         "Kinds of providers of your own (YAML): rows as in the registry that comes with the program, which they add "
         "to or replace."},
    {.key = "admin.token_file",
     .type = TG_SETTING_PATH,
     .secrecy = TG_SETTING_SECRET_FILE,
     .doc = "The administrator's token: at least 16 characters, readable by the owner only."},
    {.key = "minting.token_dir",
     .type = TG_SETTING_PATH,
     .doc = "The folder of the tokens that the platform gives this workload, for credentials of kind aws_web_identity; "
            "their token_file is a name in it."},
    {.key = "log.level",
     .type = TG_SETTING_CHOICE,
     .fallback = "info",
     .choices = tg_controlplane_log_levels,
     .doc = "The least level that is logged."},
};

const struct tg_settings_program tg_controlplane_program = {
    .name = "tollgate-controlplane",
    .summary = "The control plane of Tollgate: admin API, stream to the replicas, ledger.",
    .usage = "serve | migrate [--status]",
    .env_prefix = "TOLLGATE_CONTROLPLANE_",
    .rows = rows,
    .row_count = sizeof(rows) / sizeof(rows[0]),
};

enum tg_status tg_controlplane_require(const tg_settings *settings, const char *const *keys, size_t count,
                                       struct tg_error *error)
{
    for (size_t i = 0; i < count; ++i) {
        const char *value = tg_settings_string(settings, keys[i]);
        if (value == NULL || value[0] == '\0')
            return tg_fail(error, TG_INVALID, "%s is not set", keys[i]);
    }
    return TG_OK;
}
