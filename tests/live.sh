#!/usr/bin/env bash
# Runs the live suite, tests/live, against real servers and real workers.
#
#   tests/live.sh [FILTER…]   starts throw-away servers, runs the tests whose names contain a FILTER
#   tests/live.sh --bench [NAME…]
#                             starts them and measures the engines whose names contain a NAME
#   tests/live.sh --soak MINUTES [SEED]
#                             kills, pauses and cuts off workers, services and servers of all engines for so
#                             long, and counts what became of each message; a seed repeats a schedule
#   tests/live.sh --shell     starts them and opens a shell in which `cargo test -p airlock-live` works
#
# PostgreSQL, Redis and RabbitMQ come up on free ports, with their files in one temporary folder. However
# this ends, they end, and the folder goes. AIRLOCK_POSTGRES_URL, AIRLOCK_REDIS_URL or AIRLOCK_AMQP_URL
# in the environment is used as it is, and no such server started. Celery and Dramatiq are installed
# from PyPI into target/. On Debian as root, missing packages are installed, among them Chromium. Where
# AIRLOCK_PICTURES names a folder, the browser's pages are kept there.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly scripts=$PWD/tests/live/servers
readonly target=${CARGO_TARGET_DIR:-target}
# Of the whole workspace, so that nothing is built again that `cargo test --workspace` has built: with the features of
# one package, half of the dependencies would be others.
readonly suite=(--workspace --test live)
# Most tests wait most of the time, for a lease to end or a server to start. Some count what gets done in a time.
threads=$(($(nproc) + 1))
readonly threads
# Where Debian has servers, which not every user's path names.
PATH=$PATH:/usr/sbin

main() {
    case "${1-}" in
        -h | --help) sed -n '2,17s/^# \{0,1\}//p' "$0" && return ;;
    esac
    packages
    if [ "${1-}" = --soak ]; then
        soak "${@:2}"
        return
    fi
    if [ "${1-}" != --bench ]; then
        workers
        programs
    fi
    prepare_to_clean_up
    servers
    if [ "${1-}" = --shell ]; then
        export -p | sed -n 's/^declare -x \(AIRLOCK_\)/export \1/p'
        shell
    elif [ "${1-}" = --bench ]; then
        step "measuring the engines"
        job cargo bench --package airlock-live --bench engines -- "${@:2}"
        wait "$!"
    else
        live "$@"
    fi
}

# Those of older versions are few, and in a workspace of its own that takes minutes to build: a FILTER has to name them.
live() {
    local failed=false
    step "running the live suite"
    job cargo test "${suite[@]}" -- --include-ignored --show-output --test-threads "$threads" "$@"
    wait "$!" || failed=true
    if [[ $# = 0 || $* = *older_versions* ]]; then
        step "running what is live of tests/versions"
        job cargo test --manifest-path tests/versions/Cargo.toml --target-dir "$target" --test postgres \
            -- --include-ignored --show-output "$@"
        wait "$!" || failed=true
    fi
    ! "$failed"
}

# Each engine has servers of its own, which it may kill.
soak() {
    if ! [[ ${1-} =~ ^[1-9][0-9]*$ && ${2-1} =~ ^[0-9]+$ ]]; then
        echo "--soak takes whole minutes, and a seed that is a number: tests/live.sh --soak 30 7, not '${*}'" >&2
        exit 2
    fi
    export AIRLOCK_SOAK_MINUTES=$1
    [ -z "${2-}" ] || export AIRLOCK_SOAK_SEED=$2
    prepare_to_clean_up
    step "soaking for $AIRLOCK_SOAK_MINUTES minutes"
    job cargo test "${suite[@]}" -- --include-ignored --nocapture --test-threads 6 soak::
    wait "$!"
}

# Everything is asked for, also where a URL is given: tests of faults start servers of their own.
packages() {
    local missing=()
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || found initdb || missing+=(postgresql)
    found pgbouncer || missing+=(pgbouncer)
    found redis-server && found redis-cli || missing+=(redis-server)
    found rabbitmq-server && found epmd || missing+=(rabbitmq-server)
    found pgrep || missing+=(procps)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    found chromium && found chromedriver || missing+=(chromium chromium-driver)
    if [ ${#missing[@]} = 0 ]; then
        return
    fi
    if [ "$(id -u)" != 0 ] || ! found apt-get; then
        echo "missing: ${missing[*]} (these are Debian's names). Install them, or run this as root on Debian." >&2
        exit 1
    fi
    step "installing ${missing[*]}"
    unstarted apt-get update --quiet=2
    DEBIAN_FRONTEND=noninteractive unstarted apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}"
}

found() {
    command -v "$1" >/dev/null
}

# The service that is asked over HTTP and before a browser, and the program with workers of its own.
programs() {
    step "building the suite, the shop and the jobs"
    cargo build "${suite[@]}" --bin shop --bin jobs
    AIRLOCK_SHOP=$(realpath "$target/debug/shop")
    AIRLOCK_JOBS=$(realpath "$target/debug/jobs")
    export AIRLOCK_SHOP AIRLOCK_JOBS
}

# Debian starts the services that it installs, unless this file says no.
unstarted() (
    policy=/usr/sbin/policy-rc.d
    if ! [ -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    "$@" >/dev/null
)

# A virtual environment for each state of requirements.txt, kept between runs.
workers() {
    local requirements=tests/live/python/requirements.txt folder
    folder=$(realpath --canonicalize-missing "$target/live/python-$(cksum <"$requirements" | cut -d ' ' -f 1)")
    if ! [ -e "$folder/complete" ]; then
        step "installing Celery and Dramatiq into $folder"
        python3 -m venv --clear "$folder"
        "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
        touch "$folder/complete"
    fi
    export AIRLOCK_PYTHON=$folder/bin/python
}

# The shared ones are folders with plain names; tests add theirs, as redis-1Xb9.
servers() {
    step "starting servers in $AIRLOCK_LIVE_FOLDER"
    local starting=()
    server AIRLOCK_POSTGRES_URL postgres 'postgres://postgres@127.0.0.1:%s/postgres'
    server AIRLOCK_REDIS_URL redis 'redis://127.0.0.1:%s'
    server AIRLOCK_AMQP_URL rabbitmq 'amqp://guest:guest@127.0.0.1:%s/%%2f'
    local one
    for one in ${starting[@]+"${starting[@]}"}; do
        wait "$one"
    done
}

server() {
    local variable=$1 name=$2 url=$3 port
    if [ -z "${!variable-}" ]; then
        port=$("$scripts/free-port")
        # shellcheck disable=SC2059 # The format is one of ours.
        export "$variable=$(printf "$url" "$port")"
        job "$scripts/$name" start "$AIRLOCK_LIVE_FOLDER/$name" "$port"
        starting+=("$!")
    fi
    echo "   $variable=${!variable}"
}

# Starts a command in a process group of its own, which is noted: to end it with all that it started.
job() {
    set -m
    "$@" </dev/null 9>&- &
    set +m
    echo "$!" >>"$AIRLOCK_LIVE_FOLDER/jobs"
}

# Opens a shell in this process group, to which the terminal listens. It is waited for as a job is, since a
# signal for this process would wait for a command in the foreground; and jobs like that ignore Ctrl-C.
shell() {
    env --default-signal=INT,QUIT "${SHELL:-bash}" <&0 9>&- &
    echo "$!" >"$AIRLOCK_LIVE_FOLDER/shell"
    wait "$!" || true
    rm "$AIRLOCK_LIVE_FOLDER/shell"
}

# This process alone holds the other end of what the cleaner reads. However it ends, also if it is
# killed, that is when the cleaner is called for. Signals meant for this process don't stop it, nor does it
# that nobody reads any more what it says.
prepare_to_clean_up() {
    AIRLOCK_LIVE_FOLDER=$(mktemp --directory "${TMPDIR:-/tmp}/airlock-live-XXXXXX")
    export AIRLOCK_LIVE_FOLDER
    # PostgreSQL's own user has to get through.
    chmod 711 "$AIRLOCK_LIVE_FOLDER"
    exec 9> >(trap '' HUP INT TERM PIPE && cat >/dev/null && clean_up)
    local cleaner=$!
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # shellcheck disable=SC2064 # The number of now.
    trap "trap '' HUP INT TERM; exec 9>&-; wait $cleaner" EXIT
}

clean_up() {
    step "stopping servers" 2>/dev/null || true
    local one name
    # As when a terminal is closed, which a shell passes on.
    one=$(cat "$AIRLOCK_LIVE_FOLDER/shell" 2>/dev/null) && kill -HUP "$one" || true
    while read -r one; do
        kill -KILL -- "-$one" 2>/dev/null || true
    done < <(cat "$AIRLOCK_LIVE_FOLDER/jobs" 2>/dev/null)
    for one in "$AIRLOCK_LIVE_FOLDER"/*/; do
        name=$(basename "$one")
        if [ -x "$scripts/${name%%-*}" ]; then
            "$scripts/${name%%-*}" kill "$one" &
        fi
    done
    wait
    rm -r "$AIRLOCK_LIVE_FOLDER"
}

step() {
    printf '== %s\n' "$*"
}

main "$@"
