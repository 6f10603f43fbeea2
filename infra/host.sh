#!/usr/bin/env bash
# The host's half of a redeploy. dev-utils.sh sends this file into DEPLOY_PATH and calls it over ssh; it needs docker with compose,
# flock and a shell. What it knows beside its arguments is in the environment: PROJECT, COMPOSE, KEEP, READY_SECONDS.
#
# A release is a folder releases/TAG (the compose files) and the images repasse:TAG and repasse-nginx:TAG. The new container is
# started beside the old one and takes the socket's name once it is ready; only then the old one is stopped. Until that moment all
# can be undone, and is: by itself when the new one fails, by `stop` when a person says so, by the next redeploy when this one was cut off.
set -uo pipefail
root="$(CDPATH='' cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)" && cd "$root" || exit 1
project="${PROJECT:-repasse}" keep="${KEEP:-3}" patience="${READY_SECONDS:-60}"
# How long a new one must stay well before the old one is stopped, in seconds.
watched=3

say() { printf '· %s\n' "$*"; }
fault() { printf '✗ %s\n' "$*"; }

# --- what runs -------------------------------------------------------------------------------------------------------------

# The compose files are those that were sent last, in their own folder, so that relative paths in them mean the same as in a checkout.
compose() {
  local file files=()
  for file in ${COMPOSE:-docker/compose.yaml}; do files+=(-f "$file"); done
  REPASSE_VERSION="${tag:-$(current)}" docker compose --project-name "$project" "${files[@]}" "$@"
}

current() { cat current 2>/dev/null; }

# Containers of a service, the oldest first; one-off ones, such as a migration's, are none of it.
containers() {
  docker ps --quiet --no-trunc "${@:2}" --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$1" --filter 'label=com.docker.compose.oneoff=False' | tac
}

# Which services are replaced one beside the other: those that run the program. The others are left as they are.
rolling() { compose config --services 2>/dev/null | grep -xE 'app|worker' | sort; }

# Who has a socket, and so takes the name over.
has_socket() { [ "$1" = app ]; }

# Any container that runs the program: for questions to it.
anyone() {
  local service
  for service in app worker; do
    containers "$service" | tail -n 1 | grep . && return 0
  done
  return 1
}

label_of() { docker inspect --format "{{ index .Config.Labels \"$2\" }}" "$1" 2>/dev/null; }
release_of() { docker inspect --format '{{ .Config.Image }}' "$1" 2>/dev/null | sed 's/.*://'; }

# --- the socket ------------------------------------------------------------------------------------------------------------

# Runs a few lines of Node in a container, with the name of the socket nginx connects to.
in_node() {
  docker exec "$1" node -e "const fs = require('node:fs'), name = (process.env.LISTEN ?? '').replace(/^unix:/, ''); $2" "${@:3}" 2>/dev/null
}

# Which process's own socket has the name now.
holder() { in_node "$1" 'try { console.log(fs.readlinkSync(name)) } catch { console.log("") }'; }

# The socket of the process in this very container: the kernel lists those of its network alone.
own_socket() {
  in_node "$1" 'const { basename } = require("node:path")
    const own = fs.readFileSync("/proc/net/unix", "utf8").split("\n").map(line => line.trim().split(/\s+/))
      .filter(part => part[3] === "00010000" && part[7]?.startsWith(name + ".")).at(-1)
    if (own) console.log(basename(own[7]))'
}

# Whether the process in this container is ready, by the image's own check; says why not.
is_ready() { docker exec "$1" node /app/docker/alive.mjs 2>&1; }

# What /ready says there, for a person.
ready_says() {
  in_node "$1" 'const { dirname, join } = require("node:path")
    require("node:http").get({ socketPath: join(dirname(name), process.argv[1]), path: "/ready", timeout: 3000 }, answer => {
      answer.on("data", chunk => process.stdout.write(chunk))
    }).on("error", () => {})' "$2"
}

# Gives the name back to a process's own socket, in one step.
point_to() {
  in_node "$1" 'const link = name + "." + process.pid + ".link"
    fs.symlinkSync(process.argv[1], link)
    fs.renameSync(link, name)' "$2"
}

# --- files of a release ----------------------------------------------------------------------------------------------------

# The release's own files over those in use. What else is in the folder, such as its .env and secrets, is the host's.
install_files() {
  mkdir -p docker && cp -R "releases/$1/docker/." docker/ && keep_version "$1"
}

# So that a `docker compose` given by hand means the same release.
keep_version() {
  { grep -v '^REPASSE_VERSION=' docker/.env 2>/dev/null; printf 'REPASSE_VERSION=%s\n' "$1"; } >docker/.env.new && mv docker/.env.new docker/.env
}

# --- a redeploy ------------------------------------------------------------------------------------------------------------

# One at a time: the lock goes with the process that holds it, however that ends.
lock() {
  exec 9>>redeploy.lock || return 1
  flock --nonblock 9 && return 0
  fault "another redeploy is under way: $(cat redeploy.now 2>/dev/null || echo 'it has just begun')"
  say '"redeploy --follow" shows it, "redeploy --stop" takes it back'
  return 75
}

under_way() { [ -f redeploy.lock ] && ! flock --nonblock redeploy.lock true; }

# Starts the switch apart from this ssh session, so that a lost connection leaves nothing half done, and tells its name.
begin() {
  lock || return
  mkdir -p deploys
  local id
  id="$(date -u +%Y%m%dT%H%M%SZ)-$1"
  printf '%s by %s since %s\n' "$1" "$2" "$(date -u +%FT%TZ)" >redeploy.now
  rm -f redeploy.stop
  : >"deploys/$id.log"
  setsid nohup bash "$root/host.sh" switch "$1" "$2" "deploys/$id" </dev/null >>"deploys/$id.log" 2>&1 &
  echo "$!" >"deploys/$id.pid"
  ln -sfn "$id" deploys/last
  printf '%s\n' "$id"
}

# Shows a redeploy from its beginning until its end, and ends as it did.
follow() {
  local id="${1:-$(readlink deploys/last)}" shown=0 lines
  [ -f "deploys/$id.log" ] || { fault 'there was no redeploy yet'; return 1; }
  while :; do
    local over=''
    [ -f "deploys/$id.code" ] && over=1
    lines="$(wc -l <"deploys/$id.log")"
    if [ "$lines" -gt "$shown" ]; then
      sed -n "$((shown + 1)),${lines}p" "deploys/$id.log" || return 1
      shown="$lines"
    fi
    [ -n "$over" ] && return "$(cat "deploys/$id.code")"
    # The lock is free again when its holder was killed before it could say so.
    if ! kill -0 "$(cat "deploys/$id.pid")" 2>/dev/null && [ ! -f "deploys/$id.code" ]; then
      fault 'it was cut off; the next redeploy, or "redeploy --stop", clears up'
      return 1
    fi
    sleep 0.3
  done
}

# The switch itself. Its end is written down, whatever it was.
switch() {
  tag="$1"
  local by="$2" record="$3" code
  previous="$(current)" undo='' why=''
  trap 'why="it was stopped by hand"' TERM INT HUP
  run_switch "$by"
  code=$?
  if [ "$code" -ne 0 ] && [ -n "$undo" ]; then go_back; fi
  [ "$code" -eq 0 ] && say "release $tag is in use"
  [ "$code" -ne 0 ] && fault "release $tag is not in use${why:+: $why}"
  rm -f redeploy.now
  printf '%s\n' "$code" >"$record.code.new" && mv "$record.code.new" "$record.code"
  exit "$code"
}

fails() {
  # The first reason is the one to tell.
  [ -n "$why" ] || why="$*"
  return 1
}

stopped() { [ -n "$why" ] || { [ -e redeploy.stop ] && why='it was stopped by hand'; }; }

run_switch() {
  local by="$1" service
  command -v docker >/dev/null || { fails 'docker is not here'; return 1; }
  docker image inspect "repasse:$tag" "repasse-nginx:$tag" >/dev/null 2>&1 || { fails "the images of release $tag are not here: sendcode brings them"; return 1; }
  [ -f .env ] || { fails "$root/.env is not there: .env.example says what belongs in it"; return 1; }
  [ -d "releases/$tag/docker" ] || { fails "the files of release $tag are not here: sendcode brings them"; return 1; }
  recover || return 1

  undo=files
  install_files "$tag" || { fails 'the files could not be put in place'; return 1; }
  compose config --quiet || { fails 'compose does not take its files'; return 1; }
  local services
  services="$(rolling)"
  [ -n "$services" ] || { fails 'the compose files have no service app or worker'; return 1; }
  # A configuration nginx does not take would only be noticed when it is needed.
  nginx_accepts || { fails 'nginx does not take its new configuration'; return 1; }
  bring_up_others "$services" || return 1
  stopped && return 1
  migrate_database || return 1

  local olds=() news=()
  : >switching
  undo=containers
  for service in $services; do
    stopped && return 1
    start_beside "$service" || return 1
  done
  for service in $services; do await "$service" || return 1; done
  watch_all "$services" || return 1

  # From here on there is no way back: the old ones are told to go.
  undo=''
  trap '' TERM INT HUP
  retire || return 1
  printf '%s\n' "$tag" >current.new && mv current.new current
  printf '%s %s by %s\n' "$(date -u +%FT%TZ)" "$tag" "$by" >>history
  rm -f switching
  reload_nginx
  tell_changed
  prune
  return 0
}

# What a redeploy that was cut off left: its new containers go, and the name is the old one's again.
recover() {
  [ -f switching ] || return 0
  say 'an earlier redeploy was cut off: taking it back first'
  take_back
}

# Networks, volumes and the services beside the program, where they are not there yet. What runs is left as it is.
bring_up_others() {
  local service others=()
  for service in $(compose config --services); do
    # In a new installation nginx comes last, when there is somebody behind it.
    printf '%s\n' "$1" migrate nginx | grep -qx "$service" && continue
    [ -n "$(containers "$service")" ] || others+=("$service")
  done
  [ ${#others[@]} -eq 0 ] && return 0
  say "starting ${others[*]}"
  compose up --detach --wait --no-deps --no-recreate "${others[@]}" 2>&1 || { fails "${others[*]} did not start"; return 1; }
}

# Starts one more of a service, and remembers it as ours to take back.
start_beside() {
  local service="$1" old count new before='' each
  old="$(containers "$service")"
  count="$(printf '%s' "$old" | grep -c .)"
  [ -n "$old" ] && has_socket "$service" && before="$(holder "$(printf '%s\n' "$old" | tail -n 1)")"
  say "starting $service of release $tag$([ "$count" -eq 0 ] || echo ' beside the old one')"
  compose up --detach --no-deps --no-recreate --scale "$service=$((count + 1))" "$service" 2>&1 | grep -iE 'error|warn|denied|cannot|no such'
  new="$(containers "$service" --all | grep -vxF "${old:-none}" | tail -n 1)"
  [ -n "$new" ] || { fails "compose started no $service"; return 1; }
  # Until it is taken on it is not started again: one that ends has failed.
  docker update --restart no "$new" >/dev/null 2>&1
  printf '%s %s %s\n' "$service" "$new" "$before" >>switching
  news+=("$new")
  [ -z "$old" ] || while read -r each; do olds+=("$each"); done <<<"$old"
}

# Waits until the new one of a service is ready and, where it has a socket, has taken the name.
await() {
  local service="$1" new own='' said='' until=$((SECONDS + patience))
  new="$(new_of "$service")"
  while :; do
    stopped && return 1
    runs "$new" || { fails "$service of release $tag ended by itself ($(how_ended "$new"))"; return 1; }
    if said="$(is_ready "$new")"; then
      has_socket "$service" || break
      own="$(own_socket "$new")"
      [ -n "$own" ] && [ "$(holder "$new")" = "$own" ] && break
      said='it is ready, and has not taken the name'
    fi
    if [ "$SECONDS" -ge "$until" ]; then
      has_socket "$service" && own="$(own_socket "$new")" && [ -n "$own" ] && said="$said: $(ready_says "$new" "$own")"
      fails "$service of release $tag was not ready within $patience s: $said"
      return 1
    fi
    sleep 0.3
  done
  say "$service of release $tag is ready"
}

new_of() { awk -v service="$1" '$1 == service { print $2 }' switching; }

# What is ready may fall over its first work.
watch_all() {
  local until=$((SECONDS + watched)) service new said
  while [ "$SECONDS" -lt "$until" ]; do
    stopped && return 1
    for service in $1; do
      new="$(new_of "$service")"
      runs "$new" || { fails "$service of release $tag ended by itself ($(how_ended "$new"))"; return 1; }
      said="$(is_ready "$new")" || { fails "$service of release $tag is ready no more: $said"; return 1; }
    done
    sleep 0.3
  done
}

runs() { [ "$(docker inspect --format '{{ .State.Running }}' "$1" 2>/dev/null)" = true ]; }
how_ended() {
  docker inspect --format 'code {{ .State.ExitCode }}{{ if .State.OOMKilled }}, out of memory{{ end }}' "$1" 2>/dev/null || echo 'it is gone'
}

# The old ones finish what they took, and go; the new ones stay through a restart of the machine from now on.
retire() {
  local each
  for each in "${news[@]}"; do docker update --restart unless-stopped "$each" >/dev/null || true; done
  for each in "${olds[@]}"; do
    say "stopping $(release_of "$each")"
    docker stop --time 60 "$each" >/dev/null 2>&1
    docker rm --force "$each" >/dev/null 2>&1
  done
}

# --- going back ------------------------------------------------------------------------------------------------------------

go_back() {
  fault "release $tag failed: $why"
  if [ "$undo" = containers ]; then
    local service new _
    while read -r service new _; do
      tell_log "$service of release $tag" "$new"
    done <switching
    take_back
  fi
  if [ -n "$previous" ] && [ -d "releases/$previous" ]; then
    install_files "$previous"
    say "back at release $previous, which never stopped"
  fi
  rm -rf "releases/${tag:?}"
  [ -z "${migrated:-}" ] ||
    fault "the database was brought to this release's schema ($migrated) before it failed: release $previous goes on while it runs, and would not start again. Mend and redeploy soon; what the database was before is in $migrated_from"
}

# What a container said that is no mere news.
tell_log() {
  say "the last warnings, errors and other lines of $1:"
  docker logs --tail 2000 "$2" 2>&1 | grep -vE '^\{"level":[123]0,' | tail -n 30 | cut -c1-2000 | sed 's/^/    /'
}

# The name first, so that whoever comes meanwhile meets one who answers; then the new ones go.
take_back() {
  local service new before old
  while read -r service new before; do
    if [ -n "$before" ] && has_socket "$service"; then
      old="$(containers "$service" | grep -vxF "$new" | tail -n 1)"
      [ -z "$old" ] || [ "$(holder "$old")" = "$before" ] || point_to "$old" "$before"
    fi
    # What it has accepted it may finish.
    docker stop --time 10 "$new" >/dev/null 2>&1
    docker rm --force "$new" >/dev/null 2>&1
  done <switching
  rm -f switching
}

# --- the database ----------------------------------------------------------------------------------------------------------

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
    runs "$rehearsal" || { said="it ended by itself ($(how_ended "$rehearsal"))"; break; }
    said="$(is_ready "$rehearsal")" && { code=0; break; }
    [ "$SECONDS" -lt "$until" ] || { said="it was not ready within $patience s: $said"; break; }
    sleep 0.3
  done
  if [ "$code" -ne 0 ]; then
    tell_log "the rehearsal of release $tag" "$rehearsal"
    fails "the rehearsal failed, and the database was not touched: $said"
  fi
  docker rm --force "$rehearsal" >/dev/null 2>&1
  return "$code"
}

# --- after the switch ------------------------------------------------------------------------------------------------------

nginx_of() { containers nginx | tail -n 1; }

# The configuration in the release's image of nginx goes into the one that runs, for a reload keeps every connection, and a new
# container could only have the port once the old one has let it go. Prepared by the new image's own script, judged before it is used.
nginx_accepts() {
  local nginx
  nginx="$(nginx_of)"
  [ -n "$nginx" ] || return 0
  [ "$(docker inspect --format '{{ .Image }}' "$nginx")" != "$(docker image inspect --format '{{ .Id }}' "repasse-nginx:$tag")" ] || return 0
  docker run --rm --network none --entrypoint tar "repasse-nginx:$tag" -c -C / etc/nginx/nginx.conf etc/nginx/repasse.conf etc/nginx/repasse usr/local/bin/start-nginx |
    docker exec -i "$nginx" sh -c 'rm -rf /tmp/next && mkdir /tmp/next && tar -x -C /tmp/next' || return 1
  docker exec "$nginx" sh -c 'grep -q "= prepare" /tmp/next/usr/local/bin/start-nginx' || return 0
  docker exec "$nginx" sh /tmp/next/usr/local/bin/start-nginx prepare /tmp/next/etc/nginx /tmp/nginx.next || return 1
  if docker exec "$nginx" diff -rq /tmp/nginx /tmp/nginx.next >/dev/null 2>&1; then
    docker exec "$nginx" rm -rf /tmp/nginx.next
    return 0
  fi
  local said
  said="$(docker exec "$nginx" nginx -t -q -c /tmp/nginx.next/nginx.conf 2>&1)" && return 0
  printf '%s\n' "$said"
  return 1
}

reload_nginx() {
  local nginx
  nginx="$(nginx_of)"
  if [ -z "$nginx" ]; then
    compose config --services | grep -qx nginx || return 0
    say 'starting nginx'
    compose up --detach --no-deps --no-recreate nginx 2>&1 | grep -iE 'error|warn|denied|cannot|no such'
  elif docker exec "$nginx" [ -d /tmp/nginx.next ]; then
    docker exec "$nginx" sh -c 'rm -rf /tmp/nginx.before && mv /tmp/nginx /tmp/nginx.before && mv /tmp/nginx.next /tmp/nginx && nginx -s reload -c /tmp/nginx/nginx.conf' >/dev/null 2>&1 &&
      say 'nginx has read its new configuration'
  fi
}

# A service as the compose files define it, but for the release's name.
defined() { compose config "$1" | sed "s/:$tag\$//"; }

# What is not the program is left running as it was when it was started; where that is no more what it would be, it is said.
tell_changed() {
  local service each file why
  mkdir -p defined
  for service in $(compose config --services); do
    each="$(containers "$service" | tail -n 1)"
    rolling | grep -qx "$service" || [ -z "$each" ] && continue
    file="defined/$service" why=''
    if [ ! -f "$file" ] || [ "$(date -d "$(docker inspect --format '{{ .Created }}' "$each")" +%s)" -gt "$(stat -c %Y "$file")" ]; then
      defined "$service" >"$file"
    elif ! defined "$service" | cmp -s - "$file"; then
      why='it is defined otherwise now'
    fi
    [ "$service" = nginx ] && [ "$(docker inspect --format '{{ .Image }}' "$each")" != "$(docker image inspect --format '{{ .Id }}' "repasse-nginx:$tag")" ] &&
      why="${why:-it has its new configuration, and an older image}"
    # shellcheck disable=SC2086 # one word for each file
    [ -z "$why" ] ||
      say "$service was left as it is: $why. In $root, \"docker compose$(printf ' -f %s' ${COMPOSE:-docker/compose.yaml}) up --detach --no-deps $service\" starts it anew, which interrupts it for a second or two"
  done
}

# The newest releases stay, with the one in use; older images, files and records go.
prune() {
  local kept each
  kept="$({ current; tac history | awk '{ print $2 }'; } | awk '!seen[$0]++' | head -n "$keep")"
  for each in releases/*/; do
    each="$(basename "$each")"
    printf '%s\n' "$kept" | grep -qxF "$each" || rm -rf "releases/${each:?}"
  done
  docker images --format '{{ .Tag }}' repasse | grep -vxF "$kept" | while read -r each; do
    # What a container still runs on stays by itself.
    docker rmi "repasse:$each" "repasse-nginx:$each" >/dev/null 2>&1
  done
  # Copies from before migrations stay as long as their releases.
  if each="$(anyone)"; then
    # shellcheck disable=SC2086 # one word for each release
    in_node "$each" 'const { dirname, join } = require("node:path"), url = process.env.DATABASE_URL ?? ""
      if (url.startsWith("sqlite:"))
        for (const file of fs.readdirSync(dirname(url.slice(7)))) {
          const tag = /^before-(.+)\.db$/.exec(file)?.[1]
          if (tag && !process.argv.includes(tag)) fs.rmSync(join(dirname(url.slice(7)), file))
        }' $kept
  fi
  # shellcheck disable=SC2012 # names are ours: a time and a tag
  ls -1t deploys/*.log 2>/dev/null | tail -n +21 | sed 's/\.log$//' | while read -r each; do rm -f "$each".*; done
}

# --- what a person asks ----------------------------------------------------------------------------------------------------

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
  local each url folder file
  each="$(anyone)" || { fault 'nothing runs' >&2; return 1; }
  url="$(docker exec "$each" printenv DATABASE_URL)"
  case "$url" in
    sqlite:*)
      folder="$(dirname "${url#sqlite:}")"
      file="$folder/backup-$$.db"
      copy_database "$each" "$file" || { fault 'no copy could be made' >&2; docker exec "$each" rm -f "$file"; return 1; }
      docker exec "$each" cat "$file"
      docker exec "$each" rm -f "$file"
      ;;
    *)
      # The server's own pg_dump is never older than the server.
      # shellcheck disable=SC2016 # read in the container
      compose exec -T postgres sh -c 'exec pg_dump --format=custom --username="${POSTGRES_USER:-postgres}" "${POSTGRES_DB:-${POSTGRES_USER:-postgres}}"'
      ;;
  esac
}

# Puts a copy that comes on standard input in the database's place. The program rests meanwhile: events come again later.
restore() {
  lock || return
  local service each url file='' code
  each="$(anyone)" || { fault 'nothing runs'; return 1; }
  url="$(docker exec "$each" printenv DATABASE_URL)"
  case "$url" in
    sqlite:*)
      file="$(dirname "${url#sqlite:}")/restore.db"
      docker exec -i "$each" sh -c "umask 077; cat >'$file'" || { fault 'the copy could not be written'; return 1; }
      ;;
  esac
  say 'stopping the program'
  for service in $(rolling); do containers "$service" | xargs -r docker stop --time 60 >/dev/null; done
  if [ -n "$file" ]; then
    compose run --rm --no-deps -T app restore "$file" --force --by "$1" 2>&1 </dev/null
    code=$?
  else
    restore_postgres "$1"
    code=$?
  fi
  for service in $(rolling); do containers "$service" --all | xargs -r docker start >/dev/null; done
  say 'the program runs again'
  [ -z "$file" ] || docker exec "$each" rm -f "$file"
  return "$code"
}

# By the server's own pg_restore, all of it or nothing; what else a restore must do is the program's.
restore_postgres() {
  # shellcheck disable=SC2016 # read in the container
  compose exec -T postgres sh -c 'exec pg_restore --exit-on-error --single-transaction --no-owner --clean --if-exists \
    --username="${POSTGRES_USER:-postgres}" --dbname="${POSTGRES_DB:-${POSTGRES_USER:-postgres}}"' 2>&1 ||
    { fault 'pg_restore failed and changed nothing'; return 1; }
  compose run --rm --no-deps -T app restore --in-place --by "$1" 2>&1 </dev/null
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

case "${1:-}" in
  begin | follow | switch | stop | status | logs | backup | restore | load | repasse) "$@" ;;
  *)
    fault "host.sh: no verb '${1:-}'"
    exit 2
    ;;
esac
