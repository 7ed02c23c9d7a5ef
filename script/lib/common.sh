# shellcheck shell=bash
# What the scripts share: where things are, how they speak, how they ask for root.
# Source it first; it changes to the root of the checkout.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
program=script/$(basename "$0")

say() {
    printf '%s\n' "$*"
}

step() {
    if [ -t 1 ]; then
        printf '\033[1m==> %s\033[0m\n' "$*"
    else
        printf '==> %s\n' "$*"
    fi
}

warn() {
    printf '%s: %s\n' "$program" "$*" >&2
}

die() {
    warn "$@"
    exit 1
}

# The comment block at the top of a script is its help.
print_help() {
    awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root: run it as root, or install sudo and run it as a user who may use it"
    fi
}

compiler_cache=()
if command -v ccache >/dev/null; then
    compiler_cache=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
fi

configure() {
    cmake --preset "$1" "${compiler_cache[@]}" >"build/configure-$1.log" 2>&1 || {
        cat "build/configure-$1.log" >&2
        return 1
    }
}

# configure_and_build PRESET TARGET...: without targets it builds everything.
configure_and_build() {
    local preset=$1
    shift
    configure "$preset" || return
    local targets=()
    if [ $# -gt 0 ]; then
        targets=(--target "$@")
    fi
    cmake --build "build/$preset" "${targets[@]}"
}

mkdir -p build

venv=$root/build/venv
python_lock=tests/integration/requirements.txt

# install_python VENV LOCK WHAT: packages by a lock file with its hashes, again only when that changes.
install_python() {
    if ! cmp -s "$2" "$1/installed-lock"; then
        step "installing $3"
        rm -rf "$1"
        /usr/bin/python3 -m venv "$1"
        "$1/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$2"
        cp "$2" "$1/installed-lock"
    fi
}

prepare_python() {
    install_python "$venv" "$python_lock" "the tests' Python packages"
}
