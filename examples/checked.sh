# What the scripts here share, sourced: the environment, a folder `scratch` and a `server` that go at the end, and `expect`.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="${VENV:-$PWD/.venv}/bin:$PATH" MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true DVC_NO_ANALYTICS=true
scratch=$(mktemp -d)
server=
trap finish EXIT

finish() {
  stop
  rm -rf "$scratch"
}

stop() { # ends the server, if there is one
  if [ -n "$server" ]; then kill -- "-$server" && wait "$server" || true; fi 2> /dev/null
  server=
}

serve() { # serve <log> <command>...: starts a server, in a group of processes, since MLflow's leave children when killed
  set -m
  "${@:2}" > "$1" 2>&1 &
  server=$!
  set +m
}

expect() { # expect <pattern> <command>: shows the last lines of what the command prints; a line must match
  local printed status=0 start=$SECONDS
  printf '$ %s\n' "$2"
  printed=$(bash -c "$2" 2>&1) || status=$?
  tail -n 8 <<< "$printed" | cut -c1-300
  printf -- '-- %s s\n\n' "$((SECONDS - start))"
  if [ "$status" != 0 ]; then printf '%s\nexit status %s\n' "$printed" "$status" >&2 && exit 1; fi
  if ! grep -qE -- "$1" <<< "$printed"; then printf '%s\nexpected a line like: %s\n' "$printed" "$1" >&2 && exit 1; fi
}
