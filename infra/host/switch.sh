# A redeploy on the host: one at a time, apart from the ssh session, the new one beside the old, and back again when it is not well.

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
  setsid nohup bash "$root/host/host.sh" switch "$1" "$2" "deploys/$id" </dev/null >>"deploys/$id.log" 2>&1 &
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
    case "$(stands "$new")" in
      'true healthy')
        has_socket "$service" || break
        own="$(own_socket "$new")"
        [ -n "$own" ] && [ "$(holder "$new")" = "$own" ] && break
        ;;
      true*) ;;
      *) fails "$service of release $tag ended by itself ($(how_ended "$new"))"; return 1 ;;
    esac
    if [ "$SECONDS" -ge "$until" ]; then
      said="$(found "$new")"
      has_socket "$service" && own="$(own_socket "$new")" && [ -n "$own" ] && said="${said:+$said: }$(ready_says "$new" "$own")"
      fails "$service of release $tag was not ready within $patience s${said:+: $said}"
      return 1
    fi
    sleep 0.5
  done
  say "$service of release $tag is ready"
}

new_of() { awk -v service="$1" '$1 == service { print $2 }' switching; }

# What is ready may fall over its first work.
watch_all() {
  local until=$((SECONDS + watched)) service new
  while :; do
    stopped && return 1
    for service in $1; do
      new="$(new_of "$service")"
      case "$(stands "$new")" in
        'true healthy') ;;
        true*) fails "$service of release $tag is ready no more: $(found "$new")"; return 1 ;;
        *) fails "$service of release $tag ended by itself ($(how_ended "$new"))"; return 1 ;;
      esac
    done
    [ "$SECONDS" -lt "$until" ] || return 0
    sleep 0.5
  done
}

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
    old=''
    if [ -n "$before" ] && has_socket "$service"; then
      old="$(containers "$service" | grep -vxF "$new" | tail -n 1)"
      [ -z "$old" ] || [ "$(holder "$old")" = "$before" ] || point_to "$old" "$before"
    fi
    # What it has accepted it may finish.
    docker stop --time 10 "$new" >/dev/null 2>&1
    # It may have become ready after the name was looked at, and have taken it.
    [ -z "${old:-}" ] || [ -z "$before" ] || [ "$(holder "$old")" = "$before" ] || point_to "$old" "$before"
    docker rm --force "$new" >/dev/null 2>&1
  done <switching
  rm -f switching
}
