# The database before a release with migrations: a copy, a rehearsal of the whole start on it, and then the migrations.

# Only where the release brings migrations: a copy first, then a rehearsal on the copy where it is a file, then the database itself.
# The old ones go on meanwhile, so a migration must leave them what they use.
migrate_database() {
  local old="" new_list old_list
  new_list="$(docker image inspect --format '{{ index .Config.Labels "repasse.migrations" }}' "repasse:$tag")"
  old="$(anyone)" || true
  if [ -n "$old" ]; then
    old_list="$(label_of "$old" repasse.migrations)"
    [ "$new_list" = "$old_list" ] && return 0
    copy_before "$old" || return 1
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

# By the service that is there for it, else by the program itself.
migrate_once() {
  if compose config --services | grep -qx migrate; then
    compose run --rm --no-deps -T migrate 2>&1
  else
    compose run --rm --no-deps -T app migrate 2>&1
  fi
}

copy_before() {
  local url
  url="$(docker exec "$1" printenv DATABASE_URL)"
  case "$url" in
    sqlite:*)
      migrated_from="$(dirname "${url#sqlite:}")/before-$tag.db"
      say "the release has migrations: a copy of the database first, $migrated_from in the volume"
      copy_database "$1" "$migrated_from" || { fails 'no copy of the database could be made'; return 1; }
      rehearse "$1" "$migrated_from.rehearsal"
      local code=$?
      docker exec "$1" rm -f "$migrated_from.rehearsal" "$migrated_from.rehearsal-wal" "$migrated_from.rehearsal-shm"
      [ "$code" -eq 0 ] || { docker exec "$1" rm -f "$migrated_from"; migrated_from=''; }
      return "$code"
      ;;
    *)
      migrated_from="$root/backups/before-$tag.dump"
      mkdir -p backups
      say "the release has migrations: a copy of the database first, $migrated_from"
      (umask 077 && backup >"$migrated_from") || { fails 'no copy of the database could be made'; return 1; }
      ;;
  esac
}

# Of an SQLite database in use. Not by the program, whose older version would refuse a database that a newer one has changed.
copy_database() {
  # shellcheck disable=SC2016 # read in the container
  docker exec "$1" sh -c 'umask 077; rm -f "$1"; : >"$1"' sh "$2"
  in_node "$1" 'const Database = require("/app/node_modules/better-sqlite3")
    const db = new Database((process.env.DATABASE_URL ?? "").replace(/^sqlite:/, ""), { timeout: 30000, fileMustExist: true })
    db.prepare("vacuum into ?").run(process.argv[1])' "$2"
}

# The new release starts on a copy of the copy, answers nobody but us and does no work. What would fail in earnest fails here first.
rehearse() {
  local rehearsal said='' until=$((SECONDS + patience)) code=1
  docker exec "$1" cp "$migrated_from" "$2" || { fails 'no copy of the copy could be made'; return 1; }
  say 'a rehearsal on the copy: the new release migrates it and starts'
  rehearsal="$(compose run --detach --no-deps -T -e "DATABASE_URL=sqlite:$2" -e LISTEN=unix:/tmp/rehearsal.sock -e METRICS_LISTEN= -e ROLES=web app serve 2>/dev/null | tail -n 1)"
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
