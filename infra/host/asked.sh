# What a person asks of the host: how it stands, logs, backup and restore.

status() {
  local service each
  printf 'release   %s\n' "$(current | grep . || echo 'none yet')"
  for service in $(compose config --services 2>/dev/null | sort); do
    for each in $(containers "$service"); do
      printf '%-9s %s  %s\n' "$service" "$(docker inspect --format '{{ .Config.Image }}' "$each")" \
        "$(docker ps --all --filter "id=$each" --format '{{ .Status }}')"
    done
  done
  if under_way; then
    printf 'redeploy  %s\n' "$(cat redeploy.now)"
  elif [ -f switching ]; then
    echo 'redeploy  one was cut off; the next clears up'
  fi
  [ -f history ] && tail -n "$keep" history | sed 's/^/released  /'
  each="$(anyone)" || { fault 'nothing runs'; return 1; }
  program "$each" status
}

# The program in a container that runs.
program() { docker exec "$1" repasse "${@:2}"; }

repasse() {
  local each
  each="$(anyone)" || { fault 'nothing runs'; return 1; }
  program "$each" "$@"
}

# The log of the containers, or the one of a run.
logs() {
  case "${1:-}" in
    run_*) repasse run log "$@" ;;
    *)
      local services
      services="$(rolling)"
      # shellcheck disable=SC2086 # one word for each service
      compose logs --no-log-prefix --tail 200 "$@" $services
      ;;
  esac
}

# A consistent copy, to standard output.
backup() {
  local url file
  url="$(database_url)"
  case "$url" in
    sqlite:*)
      file="$(dirname "${url#sqlite:}")/backup-$$.db"
      copy_database "$url" "$file" >&2 || { fault 'no copy could be made' >&2; return 1; }
      beside 'fs.createReadStream(process.argv[1]).on("close", () => fs.rmSync(process.argv[1])).pipe(process.stdout)' "$file"
      ;;
    *) dump_postgres ;;
  esac
}

# Puts a copy that comes on standard input in the database's place. The program rests meanwhile: events come again later.
# `restore BY BYTES CODE`: so many bytes before the copy are the secret key it is encrypted to, which is kept in memory alone.
restore() {
  lock || return
  local service url file='' clear='' code identity=''
  url="$(database_url)"
  [ "${2:-0}" = 0 ] || identity="$(head -c "$2")"
  case "$url" in
    sqlite:*) file="$(dirname "${url#sqlite:}")/restore.db" ;;
    # Its pg_restore knows nothing of age, so the program decrypts the copy first, into its own volume.
    *) [ -z "$identity" ] || { file=/data/restore.age && clear=/data/restore.dump; } ;;
  esac
  if [ -n "$file" ]; then
    compose run --rm --no-deps -T --entrypoint sh app -c "umask 077; cat >'$file'" || { fault 'the copy could not be written'; return 1; }
  fi
  if [ -n "$clear" ]; then
    remove "$clear"
    with_identity "$identity" "$file" --decrypt-to "$clear"
    code=$?
    remove "$file"
    [ "$code" -eq 0 ] || { remove "$clear"; fault 'the copy could not be decrypted, and nothing was changed'; return "$code"; }
  fi
  say 'stopping the program'
  for service in $(rolling); do containers "$service" | xargs -r docker stop --time 60 >/dev/null; done
  case "$url" in
    sqlite:*) restore_sqlite "$file" "$1" "${3:-}" "$identity" ;;
    *)
      if [ -n "$clear" ]; then
        compose run --rm --no-deps -T --entrypoint cat app "$clear" </dev/null | restore_postgres "$1" "${3:-}"
      else
        restore_postgres "$1" "${3:-}"
      fi
      ;;
  esac
  code=$?
  for service in $(rolling); do containers "$service" --all | xargs -r docker start >/dev/null; done
  say 'the program runs again'
  [ -z "$file" ] || remove "${clear:-$file}"
  return "$code"
}

# `with_identity KEY FILE FLAG…`: `repasse restore` with the secret key, in a container whose /tmp is memory, and gone with it.
with_identity() {
  # shellcheck disable=SC2016 # read in the container
  printf '%s\n' "$1" | compose run --rm --no-deps -T --entrypoint sh app -c \
    'umask 077; cat >/tmp/identity; exec repasse restore "$@" --identity /tmp/identity' restore "${@:2}" 2>&1
}

restore_sqlite() {
  local file="$1" by="$2" code="$3" identity="$4"
  if [ -z "$identity" ]; then
    compose run --rm --no-deps -T app restore "$file" --force --by "$by" ${code:+--code "$code"} 2>&1 </dev/null
    return
  fi
  with_identity "$identity" "$file" --force --by "$by" ${code:+--code "$code"}
}

# By the server's own pg_restore, all of it or nothing; what else a restore must do is the program's.
restore_postgres() {
  # shellcheck disable=SC2016 # read in the container
  compose exec -T postgres sh -c 'exec pg_restore --exit-on-error --single-transaction --no-owner --clean --if-exists \
    --username="${POSTGRES_USER:-postgres}" --dbname="${POSTGRES_DB:-${POSTGRES_USER:-postgres}}"' 2>&1 ||
    { fault 'pg_restore failed and changed nothing'; return 1; }
  compose run --rm --no-deps -T app restore --in-place --by "$1" ${2:+--code "$2"} 2>&1 </dev/null
}

# Goes back to what was before, or clears up after a redeploy that was cut off.
stop() {
  if under_way; then
    : >redeploy.stop
    while under_way; do sleep 0.3; done
    rm -f redeploy.stop
    return 0
  fi
  lock || return
  recover
  rm -f redeploy.now
}

# The image that was sent as files becomes one of the engine's.
load() {
  tar -c -C incoming . | docker load
}
