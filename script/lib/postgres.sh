# shellcheck shell=bash
# The embedded Postgres of script/server: a private cluster under var/, reachable through a unix
# socket in a folder that only its owner can enter, never through the network.

pg_bin=/usr/lib/postgresql/15/bin
pg_data=$var_dir/postgres
pg_owner_name=tollgate_owner
pg_service_name=tollgate_service
pg_run=() # the prefix that runs a command as the cluster's user

# A user's own PGHOST and the like must not lead these commands to another database.
unset "${!PG@}"

# Postgres refuses to run as root, so root runs it as Debian's unprivileged user postgres. Where
# that user cannot reach the folder (a checkout below /root), it gets the one capability that
# lets it pass.
choose_postgres_user() {
    [ -x "$pg_bin/postgres" ] || die "Postgres 15 is missing from $pg_bin: run script/bootstrap run"
    if [ "$(id -u)" -ne 0 ]; then
        return
    fi
    id postgres >/dev/null 2>&1 || die "the user postgres is missing; Postgres cannot run as root"
    pg_run=(setpriv --reuid=postgres --regid=postgres --init-groups --)
    # Not `test -x`: access(2) leaves capabilities out.
    if ! "${pg_run[@]}" stat "$var_dir/log" >/dev/null 2>&1; then
        pg_run=(setpriv --reuid=postgres --regid=postgres --init-groups
            --inh-caps=+dac_override --ambient-caps=+dac_override --)
        "${pg_run[@]}" stat "$var_dir/log" >/dev/null 2>&1 ||
            die "the user postgres cannot reach $var_dir: move the checkout, or set TOLLGATE_VAR_DIR"
    fi
}

# A socket's path may have 107 bytes at most.
choose_socket_folder() {
    pg_socket_dir=$var_dir/postgres-socket
    if [ ${#pg_socket_dir} -gt 90 ]; then
        pg_socket_dir=${XDG_RUNTIME_DIR:-/tmp}/tollgate-$(id -u)-$(printf '%s' "$var_dir" | cksum | cut -d ' ' -f 1)
    fi
    if [ -L "$pg_socket_dir" ] || { [ -e "$pg_socket_dir" ] && ! [ -d "$pg_socket_dir" ]; }; then
        die "$pg_socket_dir is in the way: it should be a folder"
    fi
    own_by_postgres "$pg_socket_dir"
}

own_by_postgres() {
    mkdir -p "$1"
    if [ "$(id -u)" -eq 0 ]; then
        chown postgres "$1"
    elif ! [ -O "$1" ]; then
        die "$1 belongs to $(stat -c %U "$1"): run as that user, or set TOLLGATE_VAR_DIR"
    fi
    chmod 700 "$1"
}

# The cluster is made beside its place and moved there whole, so that an interrupted start
# leaves nothing that looks like a cluster.
make_cluster() {
    if [ -d "$pg_data" ]; then
        local version
        version=$(cat "$pg_data/PG_VERSION" 2>/dev/null) || die "$pg_data is no Postgres data directory"
        [ "$version" = 15 ] || die "$pg_data was made by Postgres $version, and this is 15"
        own_by_postgres "$pg_data"
        return
    fi
    step "making a private Postgres cluster in $pg_data"
    rm -rf "$pg_data.new"
    own_by_postgres "$pg_data.new"
    "${pg_run[@]}" "$pg_bin/initdb" --pgdata "$pg_data.new" --username postgres --auth trust \
        --encoding UTF8 --locale C.UTF-8 >>"$log_dir/initdb.log" 2>&1 || {
        cat "$log_dir/initdb.log" >&2
        die "initdb failed"
    }
    mv "$pg_data.new" "$pg_data"
}

# Postgres clears a pid file whose process is gone, but gives up when the number now belongs to
# an unrelated process. This folder is locked by this script, so what is not a Postgres on this
# data directory is stale.
clear_stale_pid_file() {
    local file=$pg_data/postmaster.pid pid deadline=$((SECONDS + stop_deadline_seconds))
    [ -e "$file" ] || return 0
    pid=$(head -n 1 "$file")
    if [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$pg_data" ]; then
        warn "a Postgres of an earlier start still runs on $pg_data (process $pid): stopping it"
        kill -s INT "$pid"
        while kill -0 "$pid" 2>/dev/null; do
            [ "$SECONDS" -lt "$deadline" ] || die "process $pid did not stop"
            sleep 0.1
        done
    fi
    rm -f "$file"
}

run_sql() {
    "${pg_run[@]}" "$pg_bin/psql" --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
        --host "$pg_socket_dir" --port 5432 --username postgres "$@"
}

postgres_url() {
    printf 'postgresql://%s@/tollgate?host=%s&port=5432' "$1" "$(jq -rn --arg path "$pg_socket_dir" '$path|@uri')"
}

start_postgres() {
    choose_postgres_user
    choose_socket_folder
    make_cluster
    clear_stale_pid_file
    start_child postgres INT "${pg_run[@]}" setpriv --pdeathsig INT -- \
        "$pg_bin/postgres" -D "$pg_data" -p 5432 -c listen_addresses= \
        -c unix_socket_directories="$pg_socket_dir" -c unix_socket_permissions=0700 -c logging_collector=off
    wait_until postgres 60 run_sql --dbname postgres --command 'SELECT 1'
}
