# The database before a release with migrations: a copy, a rehearsal of the whole start on it, and then the migrations.

# Only where the release brings migrations: a copy first, then a rehearsal on the copy where it is a file, then the database itself.
# The old ones go on meanwhile, so a migration must leave them what they use.
migrate_database() {
  if [ -n "$previous" ]; then
    [ "$(migrations_of "$previous")" = "$(migrations_of "$tag")" ] && return 0
    copy_before || return 1
  fi
  local said
  if ! said="$(migrate_once)"; then
    printf '%s\n' "$said"
    fails 'the database could not be migrated'
    return 1
  fi
  migrated="$(printf '%s\n' "$said" | sed -n 's/^applied //p')"
  printf '%s\n' "$said" | tail -n 1
}

migrations_of() { docker image inspect --format '{{ index .Config.Labels "repasse.migrations" }}' "repasse:$1" 2>/dev/null; }

# The setting as compose has it for the program, whether that runs or not; nothing where a file holds it.
database_url() { compose config app | sed -n 's/^ *DATABASE_URL: *//p' | head -n 1 | tr -d "\"'"; }

# Node in a container of its own beside the program, with its volumes: what must be done even when the program cannot run.
beside() { compose run --rm --no-deps -T --entrypoint node app -e "const fs = require('node:fs'); $1" "${@:2}" </dev/null; }

# By the service that is there for it, else by the program itself.
migrate_once() {
  if compose config --services | grep -qx migrate; then
    compose run --rm --no-deps -T migrate 2>&1
  else
    compose run --rm --no-deps -T app migrate 2>&1
  fi
}

copy_before() {
  local url code
  url="$(database_url)"
  case "$url" in
    sqlite:*)
      migrated_from="$(dirname "${url#sqlite:}")/before-$tag.db"
      say "the release has migrations: a copy of the database first, $migrated_from in the volume"
      copy_database "$url" "$migrated_from" "$migrated_from.rehearsal" || { fails 'no copy of the database could be made'; return 1; }
      rehearse "$migrated_from.rehearsal"
      code=$?
      remove "$migrated_from.rehearsal"
      [ "$code" -eq 0 ] || { remove "$migrated_from"; migrated_from=''; }
      return "$code"
      ;;
    *)
      migrated_from="$root/backups/before-$tag.dump"
      mkdir -p backups
      say "the release has migrations: a copy of the database first, $migrated_from"
      (umask 077 && dump_postgres >"$migrated_from") || { fails 'no copy of the database could be made'; return 1; }
      ;;
  esac
}

# Of an SQLite database in use, and of the copy another. Not by the program, whose older version would refuse a database that a newer one
# has changed, and whose newer one would change it.
copy_database() {
  beside 'const [url, ...copies] = process.argv.slice(1), Database = require("/app/node_modules/better-sqlite3")
    for (const copy of copies) {
      fs.rmSync(copy, { force: true })
      fs.closeSync(fs.openSync(copy, "wx", 0o600))
    }
    new Database(url.replace(/^sqlite:/, ""), { timeout: 30000, fileMustExist: true }).prepare("vacuum into ?").run(copies[0])
    for (const copy of copies.slice(1)) fs.copyFileSync(copies[0], copy)' "$@"
}

remove() { beside 'for (const tail of ["", "-wal", "-shm"]) fs.rmSync(process.argv[1] + tail, { force: true })' "$1"; }

# The server's own pg_dump is never older than the server.
dump_postgres() {
  # shellcheck disable=SC2016 # read in the container
  compose exec -T postgres sh -c 'exec pg_dump --format=custom --username="${POSTGRES_USER:-postgres}" "${POSTGRES_DB:-${POSTGRES_USER:-postgres}}"'
}

# The new release starts on a copy of the copy, answers nobody but us and does no work. What would fail in earnest fails here first.
rehearse() {
  local rehearsal said='' until=$((SECONDS + patience)) code=1
  say 'a rehearsal on the copy: the new release migrates it and starts'
  rehearsal="$(compose run --detach --no-deps -T -e "DATABASE_URL=sqlite:$1" -e LISTEN=unix:/tmp/rehearsal.sock -e METRICS_LISTEN= -e ROLES=web app serve 2>/dev/null | tail -n 1)"
  [ -n "$rehearsal" ] || { fails 'the rehearsal could not be started'; return 1; }
  docker update --restart no "$rehearsal" >/dev/null 2>&1
  while :; do
    stopped && break
    case "$(stands "$rehearsal")" in
      'true healthy') code=0; break ;;
      true*) ;;
      *) said="it ended by itself ($(how_ended "$rehearsal"))"; break ;;
    esac
    [ "$SECONDS" -lt "$until" ] || { said="it was not ready within $patience s: $(found "$rehearsal")"; break; }
    sleep 0.5
  done
  if [ "$code" -ne 0 ]; then
    tell_log "the rehearsal of release $tag" "$rehearsal"
    fails "the rehearsal failed, and the database was not touched: $said"
  fi
  docker rm --force "$rehearsal" >/dev/null 2>&1
  return "$code"
}
