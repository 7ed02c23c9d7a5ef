# shellcheck shell=bash
# What script/server sets up for a newcomer: a provider, an organization with a budget, a key.

provider_kind=''
demo_model=demo

# A shell that has read var/server.env carries our own key and address: those are no provider's.
is_own_key() {
    [ -s "$secret_dir/demo-key" ] && [ "$1" = "$(cat "$secret_dir/demo-key")" ]
}

# first_model_at BASE-URL: fails unless a server there lists a model as OpenAI does.
first_model_at() {
    get_local "$1/models" 2>/dev/null | jq -er '.data[0].id | strings' 2>/dev/null
}

choose_provider() {
    if [ -n "${OPENAI_API_KEY:-}" ] && ! is_own_key "$OPENAI_API_KEY"; then
        provider_kind=openai
        provider_url=${TOLLGATE_PROVIDER_URL:-https://api.openai.com/v1}
        provider_model=${TOLLGATE_PROVIDER_MODEL:-gpt-4o-mini}
        provider_key=$OPENAI_API_KEY
        provider_story="$provider_url, with your OPENAI_API_KEY"
        return
    fi
    local port
    for port in 11434 8000; do
        provider_url=http://127.0.0.1:$port/v1
        if provider_model=$(first_model_at "$provider_url"); then
            provider_kind=local
            provider_model=${TOLLGATE_PROVIDER_MODEL:-$provider_model}
            provider_key=not-needed-locally
            provider_story="the server that listens on port $port"
            return
        fi
    done
    provider_kind=simulator
    provider_url=http://127.0.0.1:$simulator_port/v1
    provider_model=${TOLLGATE_PROVIDER_MODEL:-gpt-4o-mini}
    provider_key=simulated-provider-key
    provider_story="Tollgate's simulator (set OPENAI_API_KEY for a real one)"
}

start_provider() {
    simulator_log=''
    if [ "$provider_kind" != simulator ]; then
        return
    fi
    simulator_log=$var_dir/simulator.jsonl
    start_child simulator TERM setpriv --pdeathsig TERM -- "$bin/tollgate-provider-simulator" \
        --host 127.0.0.1 --port "$simulator_port" --key "$provider_key" --log "$simulator_log"
    wait_until simulator "$ready_deadline_seconds" \
        get_local "$provider_url/models" --header "Authorization: Bearer $provider_key"
}

# Our command line, as the administrator.
tollgate() {
    TOLLGATE_URL=http://127.0.0.1:$api_port TOLLGATE_TOKEN_FILE=$secret_dir/admin-token TOLLGATE_ORGANIZATION=demo \
        "$bin/tollgate" "$@"
}

# What a newcomer would write. It can be changed and applied again; the next start writes it anew.
write_demo_file() {
    cat >"$var_dir/demo.yaml" <<YAML
# Written by script/server at each start, for: tollgate apply -f
organization: {name: demo, display_name: Demo, timezone: UTC}

providers:
  - name: demo
    base_url: "$provider_url"
    credentials:
      - name: demo
        secret_env: DEMO_PROVIDER_KEY

# Applications ask for "$demo_model"; the provider knows it as "$provider_model".
models:
  - name: $demo_model
    max_input_tokens: 128000
    max_output_tokens: 16384
    deployments:
      - name: $demo_model
        provider: demo
        credential: demo
        upstream_model: "$provider_model"
        prices:
          - effective_from: 2024-07-18T00:00:00Z
            rates: {input: 0.15, cached_input: 0.075, output: 0.60}
            source: gpt-4o-mini

access_profiles:
  - name: demo
    models: [$demo_model]

teams:
  - name: demo
    projects:
      - name: demo
        applications:
          - name: demo

budgets:
  - name: demo
    scope: team:demo
    unit: money
    limit: 5
    window: month
YAML
}

# The key's text is shown once, when it is made: it is kept beside the other secrets.
make_demo_key() {
    local file=$secret_dir/demo-key ending=''
    ending=$(tollgate --json key show demo 2>/dev/null | jq -r .last_four) || true
    if [ -s "$file" ] && [ -n "$ending" ] && [[ $(cat "$file") == *"$ending" ]]; then
        return
    fi
    if [ -n "$ending" ]; then
        tollgate --quiet key delete demo
    fi
    rm -f "$file"
    make_secret demo-key create_demo_key
}

create_demo_key() {
    tollgate --json key create demo --app demo --profile demo | jq -er .key
}

has_newest_revision() {
    tollgate --json replica list | jq -e --arg name "$replica_name" \
        'any(.[]; .name == $name and .is_connected and .acked_revision == .revision)'
}

set_up_demo() {
    write_demo_file
    DEMO_PROVIDER_KEY=$provider_key tollgate apply -f "$var_dir/demo.yaml" --yes >"$log_dir/apply.log" 2>&1 || {
        tail -n 20 "$log_dir/apply.log" >&2
        die "setting up the demo failed"
    }
    if [ "$provider_kind" = openai ]; then # the real one's prices; a model that the list does not have keeps the file's
        tollgate prices import --yes >"$log_dir/prices.log" 2>&1 || say "some prices were not taken: $log_dir/prices.log"
    fi
    make_demo_key
    wait_until dataplane "$ready_deadline_seconds" has_newest_revision
}

write_env_file() {
    (
        umask 077
        cat >"$env_file.new" <<ENV
# Written by script/server when everything is ready, removed when it stops: . var/server.env
export OPENAI_BASE_URL='http://127.0.0.1:$gateway_port/v1'
export OPENAI_API_KEY='$(cat "$secret_dir/demo-key")'
export TOLLGATE_URL='http://127.0.0.1:$api_port'
export TOLLGATE_TOKEN='$(cat "$secret_dir/admin-token")'
export TOLLGATE_SIMULATOR_LOG='$simulator_log'
ENV
    )
    mv "$env_file.new" "$env_file"
}

print_what_to_try() {
    local base_url=http://127.0.0.1:$gateway_port/v1 key token call
    key=$(cat "$secret_dir/demo-key")
    token=$(cat "$secret_dir/admin-token")
    call="curl -sS $base_url/chat/completions -H 'Authorization: Bearer $key' -H 'Content-Type: application/json'"
    cat <<TEXT

Tollgate is running. Provider: $provider_story.

  gateway      $base_url
  API key      $key   (organization demo, team demo, \$5 a month)
  admin API    http://127.0.0.1:$api_port
  admin token  $token

Paste these into another terminal (\`. ${env_file#"$root"/}\` sets the same for SDKs and the tollgate command):

1. A call:
$call -d '{"model":"$demo_model","messages":[{"role":"user","content":"Hello"}]}'

2. The same, streamed:
$call -N -d '{"model":"$demo_model","stream":true,"messages":[{"role":"user","content":"Hello"}]}'

3. What both were charged:
TOLLGATE_URL=http://127.0.0.1:$api_port TOLLGATE_TOKEN=$token $bin/tollgate --org demo usage export --from $(date -u +%F) --to $(date -u -d tomorrow +%F) --format csv

Logs are in ${log_dir#"$root"/}. Ctrl-C stops everything; the data stays for the next start.
TEXT
}
