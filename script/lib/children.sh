# shellcheck shell=bash
# The servers that script/server starts: each in a session of its own, so that Ctrl-C reaches
# the script alone, and bound to the script's life, so that none survives it, even by kill -9.

children=()           # names, in the order they were started
declare -A child_pid=() child_signal=()

# start_child NAME STOP-SIGNAL COMMAND...: its output goes to the log folder.
start_child() {
    local name=$1 signal=$2
    shift 2
    setsid "$@" >>"$log_dir/$name.log" 2>&1 </dev/null {lock_fd}>&- &
    child_pid[$name]=$!
    child_signal[$name]=$signal
    children+=("$name")
}

is_running() {
    kill -0 "${child_pid[$1]}" 2>/dev/null
}

# wait_until NAME SECONDS COMMAND...: until the command succeeds; fails the script when the
# child dies first or the time is over.
wait_until() {
    local name=$1 deadline=$((SECONDS + $2))
    shift 2
    until "$@" >/dev/null 2>&1; do
        is_running "$name" || fail_with_log "$name" "$name ended while it was starting"
        [ "$SECONDS" -lt "$deadline" ] || fail_with_log "$name" "$name did not become ready in time"
        sleep 0.1
    done
}

# get_local URL CURL-OPTION...: from this machine itself, past any proxy
get_local() {
    curl --fail --silent --noproxy '*' --max-time 3 "${@:2}" "$1"
}

fail_with_log() {
    local name=$1
    shift
    warn "$*; the last lines of $log_dir/$name.log:"
    tail -n 20 "$log_dir/$name.log" | sed 's/^/    /' >&2
    exit 1
}

# Returns only by failing the script: all children are meant to run for ever.
watch_children() {
    local name status
    while sleep 0.5; do
        for name in "${children[@]}"; do
            if ! is_running "$name"; then
                status=0
                wait "${child_pid[$name]}" 2>/dev/null || status=$?
                fail_with_log "$name" "$name ended unexpectedly with status $status"
            fi
        done
    done
}

# Last started, first stopped: the replica ships its journal to a control plane that still
# runs, and that one books into a Postgres that still runs.
stop_children() {
    local i name pid deadline
    for ((i = ${#children[@]} - 1; i >= 0; i--)); do
        name=${children[i]}
        pid=${child_pid[$name]}
        kill -s "${child_signal[$name]}" "$pid" 2>/dev/null || continue
        deadline=$((SECONDS + stop_deadline_seconds))
        while kill -0 "$pid" 2>/dev/null; do
            if [ "$SECONDS" -ge "$deadline" ]; then
                warn "$name did not stop within $stop_deadline_seconds s: killing it"
                kill -s KILL "$pid" 2>/dev/null || true
                break
            fi
            sleep 0.05
        done
        wait "$pid" 2>/dev/null || true
    done
    children=()
}
