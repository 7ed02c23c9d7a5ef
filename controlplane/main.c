/* tollgate-controlplane: serve, or migrate. Exit codes: 0 done, 1 failed, 2 called or configured wrongly. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log/log.h"
#include "controlplane/migrate/migrate.h"
#include "controlplane/options.h"
#include "controlplane/serve.h"

enum { EXIT_USAGE = 2, MIGRATE_TIMEOUT_MS = 600 * 1000 };

extern char **environ;

/* ---- migrate ---- */

static void print_application(void *user, const struct tg_migration *migration)
{
    printf("applying %s\n", migration->file);
    fflush(stdout);
}

static void print_status(void *user, const struct tg_migration *migration)
{
    printf("%s %s\n", migration->is_applied ? "applied" : "pending", migration->file);
}

static enum tg_status migrate(const tg_settings *settings, bool shows_status, struct tg_error *error)
{
    const char *url = tg_settings_string(settings, "database.migrate_url");
    if (url == NULL || url[0] == '\0')
        url = tg_settings_string(settings, "database.url");
    if (url == NULL || url[0] == '\0')
        return tg_fail(error, TG_INVALID, "neither database.migrate_url nor database.url is set");
    struct tg_db_config config = {.url = url,
                                  .application_name = "tollgate-controlplane migrate",
                                  .statement_timeout_ms = MIGRATE_TIMEOUT_MS,
                                  .lock_timeout_ms = MIGRATE_TIMEOUT_MS};
    tg_db *db;
    enum tg_status status = tg_db_open(&config, &db, error);
    if (status != TG_OK)
        return status;
    const char *folder = tg_settings_string(settings, "database.migrations_dir");
    size_t applied = 0;
    if (shows_status)
        status = tg_migrate_status(db, folder, print_status, NULL, error);
    else
        status = tg_migrate(db, folder, print_application, NULL, &applied, error);
    if (status == TG_OK && !shows_status)
        printf(applied == 0 ? "nothing to apply\n" : "applied %zu\n", applied);
    tg_db_close(db);
    return status;
}

/* ---- commands ---- */

/* --status belongs to the command migrate and is no setting: takes it out of the arguments. */
static bool take_status_flag(int *argc, char **argv)
{
    bool is_there = false;
    int kept = 1;
    for (int i = 1; i < *argc; ++i) {
        if (strcmp(argv[i], "--status") == 0)
            is_there = true;
        else
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    *argc = kept;
    return is_there;
}

static int fail(const struct tg_error *error)
{
    fprintf(stderr, "tollgate-controlplane: %s\n", error->message);
    return error->status == TG_INVALID ? EXIT_USAGE : EXIT_FAILURE;
}

static int fail_usage(void)
{
    fprintf(stderr, "usage: tollgate-controlplane serve | migrate [--status] (see --help)\n");
    return EXIT_USAGE;
}

static int run(const tg_settings *settings, char *const *argv, bool shows_status)
{
    switch (tg_settings_request(settings)) {
    case TG_SETTINGS_HELP:
        tg_settings_print_help(&tg_controlplane_program, stdout);
        return EXIT_SUCCESS;
    case TG_SETTINGS_VERSION:
        printf("tollgate-controlplane %s\n", TG_VERSION);
        return EXIT_SUCCESS;
    case TG_SETTINGS_PRINT:
        tg_settings_print_markdown(&tg_controlplane_program, stdout);
        return EXIT_SUCCESS;
    case TG_SETTINGS_RUN:
        break;
    }
    const char *command = tg_settings_operand_count(settings) == 1 ? argv[1] : "";
    bool is_migrate = strcmp(command, "migrate") == 0;
    if (!is_migrate && (strcmp(command, "serve") != 0 || shows_status))
        return fail_usage();
    struct tg_error error = {0};
    enum tg_status status =
        is_migrate ? migrate(settings, shows_status, &error) : tg_controlplane_serve(settings, &error);
    return status == TG_OK ? EXIT_SUCCESS : fail(&error);
}

int main(int argc, char **argv)
{
    bool shows_status = take_status_flag(&argc, argv);
    tg_settings *settings;
    struct tg_error error;
    if (tg_settings_load(&tg_controlplane_program, argc, argv, environ, &settings, &error) != TG_OK) {
        fail(&error);
        return EXIT_USAGE;
    }
    tg_log_init("controlplane", (enum tg_log_level)tg_settings_choice(settings, "log.level"));
    int code = run(settings, argv, shows_status);
    tg_settings_destroy(settings);
    return code;
}
