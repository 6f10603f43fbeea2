# shellcheck shell=bash
# The near half of a redeploy, sourced by dev-utils.sh: reads .env.deploy, builds the image, sends it, and has infra/host switch.
#
# The image is built here and sent, not built there: the host needs no sources, no npm and no registry, its two cores go on taking
# events meanwhile, and what was tried is what runs. Of an image only the layers go over the line that the host lacks.

_deploy_names='DEPLOY_HOST DEPLOY_USER DEPLOY_PORT DEPLOY_KEY DEPLOY_KNOWN_HOSTS DEPLOY_PATH DEPLOY_PROJECT DEPLOY_COMPOSE DEPLOY_PLATFORM DEPLOY_KEEP DEPLOY_READY_SECONDS'

_deploy_file() { printf '%s\n' "${DEPLOY_FILE:-$REPASSE_ROOT/.env.deploy}"; }

# True where there is a host to speak of.
_deploy_is_set() { [ -f "$(_deploy_file)" ]; }

# The name one is likeliest to have meant: the nearest by edit distance, if it is near.
_deploy_meant() {
  local name
  for name in $_deploy_names; do printf '%s %s\n' "$1" "$name"; done | awk '
    function least(a, b) { return a < b ? a : b }
    {
      n = length($1); m = length($2)
      for (i = 0; i <= n; i++) d[i, 0] = i
      for (j = 0; j <= m; j++) d[0, j] = j
      for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) {
        d[i, j] = least(least(d[i-1, j], d[i, j-1]) + 1, d[i-1, j-1] + (substr($1, i, 1) != substr($2, j, 1)))
        # Two letters that changed places are one slip.
        if (i > 1 && j > 1 && substr($1, i, 1) == substr($2, j-1, 1) && substr($1, i-1, 1) == substr($2, j, 1))
          d[i, j] = least(d[i, j], d[i-2, j-2] + 1)
      }
      if (best == "" || d[n, m] < far) { best = $2; far = d[n, m] }
    }
    END { if (far <= 4) printf ": did you mean %s?", best }'
}

# Reads .env.deploy as text, never as a script; the environment wins over it. Every fault is told at once.
_deploy_read() {
  local file line name value number=0 faults=()
  file="$(_deploy_file)"
  [ -f "$file" ] || { _repasse_fail "$file is not there: copy .env.deploy.example and fill it"; return 1; }
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    line="${line%$'\r'}"
    case "$line" in '' | [[:space:]]*'#'* | '#'*) continue ;; esac
    [[ "$line" =~ ^([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || { faults+=("line $number is no NAME=VALUE: $line"); continue; }
    name="${BASH_REMATCH[1]}" value="${BASH_REMATCH[2]}"
    case "$value" in
      \"*\") value="${value#\"}" value="${value%\"}" ;;
      \'*\') value="${value#\'}" value="${value%\'}" ;;
    esac
    case " $_deploy_names " in
      *" $name "*) [ -n "${!name:-}" ] || printf -v "$name" '%s' "$value" ;;
      *) faults+=("$name is not a setting$(_deploy_meant "$name")") ;;
    esac
  done <"$file"

  DEPLOY_PORT="${DEPLOY_PORT:-22}" DEPLOY_PATH="${DEPLOY_PATH:-/srv/repasse}" DEPLOY_PROJECT="${DEPLOY_PROJECT:-repasse}"
  DEPLOY_COMPOSE="${DEPLOY_COMPOSE:-docker/compose.yaml}" DEPLOY_KEEP="${DEPLOY_KEEP:-3}"
  DEPLOY_READY_SECONDS="${DEPLOY_READY_SECONDS:-60}"
  _deploy_judge "${faults[@]}"
}

_deploy_judge() {
  local faults=("$@") part
  [[ "${DEPLOY_HOST:-}" =~ ^[A-Za-z0-9][A-Za-z0-9.:_-]*$ ]] ||
    faults+=("DEPLOY_HOST is \"${DEPLOY_HOST:-}\": expected the host's name, such as pay.example.com")
  [[ "${DEPLOY_USER:-x}" =~ ^[A-Za-z_][A-Za-z0-9_.-]*$ ]] || faults+=("DEPLOY_USER is \"$DEPLOY_USER\": expected a user of the host")
  _deploy_whole DEPLOY_PORT 1 65535 || faults+=("DEPLOY_PORT is \"$DEPLOY_PORT\": expected a port from 1 to 65535")
  _deploy_whole DEPLOY_KEEP 2 50 || faults+=("DEPLOY_KEEP is \"$DEPLOY_KEEP\": expected how many releases stay, from 2 to 50")
  _deploy_whole DEPLOY_READY_SECONDS 5 900 ||
    faults+=("DEPLOY_READY_SECONDS is \"$DEPLOY_READY_SECONDS\": expected seconds from 5 to 900")
  [[ "$DEPLOY_PATH" =~ ^/[A-Za-z0-9._/-]+$ ]] ||
    faults+=("DEPLOY_PATH is \"$DEPLOY_PATH\": expected a folder of the host from its root, of letters, digits and . _ - /")
  [[ "$DEPLOY_PROJECT" =~ ^[a-z0-9][a-z0-9_-]*$ ]] ||
    faults+=("DEPLOY_PROJECT is \"$DEPLOY_PROJECT\": expected lower-case letters, digits, _ and -")
  [[ "${DEPLOY_PLATFORM:-linux/amd64}" =~ ^linux/(amd64|arm64)$ ]] ||
    faults+=("DEPLOY_PLATFORM is \"$DEPLOY_PLATFORM\": expected linux/amd64 or linux/arm64")
  for part in DEPLOY_KEY DEPLOY_KNOWN_HOSTS; do
    [ -z "${!part:-}" ] || [ -r "${!part/#\~/$HOME}" ] || faults+=("$part is \"${!part}\", which cannot be read")
  done
  for part in $DEPLOY_COMPOSE; do
    [[ "$part" =~ ^docker/[A-Za-z0-9._-]+\.ya?ml$ ]] && [ -f "$REPASSE_ROOT/$part" ] ||
      faults+=("DEPLOY_COMPOSE names \"$part\": expected files of this project, such as docker/compose.yaml")
  done
  [ ${#faults[@]} -eq 0 ] && return 0
  printf '  %s\n' "${faults[@]}" >&2
  _repasse_fail "$(_deploy_file) has ${#faults[@]} fault$([ ${#faults[@]} -eq 1 ] || echo s): see above"
}

_deploy_whole() { [[ "${!1}" =~ ^[0-9]{1,5}$ ]] && [ "${!1}" -ge "$2" ] && [ "${!1}" -le "$3" ]; }

# --- the line to the host --------------------------------------------------------------------------------------------------

_deploy_open() {
  _deploy_read || return 1
  command -v ssh >/dev/null || { _repasse_fail 'ssh is not here'; return 1; }
  # One connection for all that follows; it ends with us.
  _deploy_folder="$(mktemp -d)" || return 1
  _deploy_options=(-o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=3
    -o ControlMaster=auto -o "ControlPath=$_deploy_folder/line" -o ControlPersist=20 -p "$DEPLOY_PORT")
  [ -z "${DEPLOY_KEY:-}" ] || _deploy_options+=(-i "${DEPLOY_KEY/#\~/$HOME}" -o IdentitiesOnly=yes)
  [ -z "${DEPLOY_KNOWN_HOSTS:-}" ] || _deploy_options+=(-o "UserKnownHostsFile=${DEPLOY_KNOWN_HOSTS/#\~/$HOME}")
  _deploy_to="${DEPLOY_USER:+$DEPLOY_USER@}$DEPLOY_HOST"
  trap '_deploy_close' EXIT
}

_deploy_close() {
  ssh "${_deploy_options[@]}" -O exit "$_deploy_to" >/dev/null 2>&1
  rm -rf "${_deploy_folder:?}"
}

# Runs a command line of the host's shell.
# shellcheck disable=SC2029 # it is meant to be made here
_deploy_there() { ssh "${_deploy_options[@]}" "$_deploy_to" "$@"; }

# Calls a verb of the host's half. A word of ours stays one word there.
_deploy_host() {
  local words
  printf -v words '%q ' env "PROJECT=$DEPLOY_PROJECT" "COMPOSE=$DEPLOY_COMPOSE" "KEEP=$DEPLOY_KEEP" \
    "READY_SECONDS=$DEPLOY_READY_SECONDS" bash "$DEPLOY_PATH/host/host.sh" "$@"
  _deploy_there "$words"
}

_deploy_reach() {
  _deploy_there true && return 0
  _repasse_fail "$_deploy_to cannot be reached by ssh on port $DEPLOY_PORT: see the message above. A host that is not known yet: ssh -p $DEPLOY_PORT $_deploy_to, once, by hand"
}

# A folder of ours into one of the host's, what is there already left out. $3: --delete where what is not ours goes.
_deploy_send() {
  local from="$1" to="$2"
  shift 2
  if command -v rsync >/dev/null && _deploy_there 'command -v rsync >/dev/null'; then
    local line
    printf -v line '%q ' ssh "${_deploy_options[@]}"
    rsync --archive --compress --partial-dir=.partial --rsh "$line" "$@" "$from/" "$_deploy_to:$to/"
  else
    _deploy_send_as_tar "$from" "$to"
  fi
}

# Without rsync on both ends: what the host has not, by name and size, in one stream that is taken whole or not at all.
_deploy_send_as_tar() {
  local from="$1" to="$2" there
  there="$(_deploy_there "mkdir -p '$to' && cd '$to' && find . -path '*/blobs/*' -type f -printf '%s %p\n'")" || return 1
  (cd "$from" && find . -type f -printf '%s %p\n' | grep -vxF "${there:-none}" | cut -d' ' -f2- | tar -cz -T -) |
    _deploy_there "cd '$to' && rm -rf .partial && mkdir .partial && tar -xz -C .partial && cp -R .partial/. . && rm -rf .partial"
}

# --- building --------------------------------------------------------------------------------------------------------------

# The commit, or with --dirty the commit and what was changed since.
_deploy_tag() {
  local commit changes
  commit="$(git -C "$REPASSE_ROOT" rev-parse --short=12 HEAD 2>/dev/null)" || { _repasse_fail 'this is no git checkout, so a release would have no name'; return 1; }
  changes="$(git -C "$REPASSE_ROOT" status --porcelain 2>/dev/null)"
  if [ -z "$changes" ]; then
    printf '%s\n' "$commit"
  elif [ "${1:-}" = --dirty ]; then
    printf '%s-dirty-%s\n' "$commit" "$( (git -C "$REPASSE_ROOT" diff HEAD && printf '%s' "$changes") | git hash-object --stdin | cut -c1-8)"
  else
    printf '%s\n' "$changes" | head -n 10 >&2
    _repasse_fail 'the working tree has changes that no commit has: commit them, or add --dirty'
  fi
}

_deploy_has_engine() {
  command -v docker >/dev/null || { _repasse_fail 'docker is not here, and it builds the image'; return 1; }
  docker version >/dev/null 2>&1 || { _repasse_fail 'docker is here, but its engine does not answer: is it running, and may you use it?'; return 1; }
}

# Builds the two images of a release and prints its tag. A commit is built once; a dirty tree whenever it has changed.
_repasse_buildimage() {
  local dirty='' word
  for word in "$@"; do
    case "$word" in
      --dirty) dirty=--dirty ;;
      *) _repasse_fail "buildimage knows only --dirty, not '$word'"; return 2 ;;
    esac
  done
  if _deploy_is_set; then _deploy_read || return 1; fi
  _deploy_has_engine || return 1
  local tag part
  tag="$(_deploy_tag $dirty)" || return 1
  for part in app nginx; do _deploy_build "$part" "$tag" || return 1; done
  printf '%s\n' "$tag"
}

_deploy_name() { if [ "$1" = app ]; then echo "repasse:$2"; else echo "repasse-$1:$2"; fi; }

_deploy_build() {
  local name
  name="$(_deploy_name "$1" "$2")"
  if docker image inspect "$name" >/dev/null 2>&1; then
    _repasse_say "$name was built already"
    return 0
  fi
  _repasse_say "building $name"
  # Without labels nginx's image is the same one until something in it changes.
  local labels=() log
  [ "$1" != app ] || labels=(--label "org.opencontainers.image.revision=$2" --label "repasse.migrations=$(cd "$REPASSE_ROOT/migrations" && echo *.sql)")
  log="$(mktemp)" || return 1
  if ! docker build --progress plain --file "$REPASSE_ROOT/docker/Dockerfile" --target "$1" --tag "$name" \
    ${DEPLOY_PLATFORM:+--platform "$DEPLOY_PLATFORM"} ${NODE_IMAGE:+--build-arg NODE_IMAGE} ${NGINX_IMAGE:+--build-arg NGINX_IMAGE} "${labels[@]}" "$REPASSE_ROOT" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    rm -f "$log"
    _repasse_fail "$name could not be built: see above"
    return 1
  fi
  rm -f "$log"
}

# --- sending ---------------------------------------------------------------------------------------------------------------

# Sends what a release needs on the host: the compose files, the host's half of this, and the images.
_repasse_sendcode() {
  local tag
  tag="$(_repasse_buildimage "$@")" || return
  _deploy_open || return 1
  _deploy_reach || return 1
  _deploy_send_release "$tag"
}

_deploy_send_release() {
  local tag="$1" staged="$_deploy_folder/release" file
  _deploy_there "mkdir -p '$DEPLOY_PATH/releases' '$DEPLOY_PATH/incoming' && cd '$DEPLOY_PATH' && command -v docker flock setsid >/dev/null && docker compose version >/dev/null" ||
    { _repasse_fail "$DEPLOY_PATH of $_deploy_to cannot be used: it must be ours to write, and the host needs docker with compose, flock and setsid"; return 1; }
  _repasse_say "sending the compose files of release $tag"
  mkdir -p "$staged/docker" || return 1
  # One file extends another, so all of them go; secrets and an .env that lie beside them here do not.
  for file in "$REPASSE_ROOT"/docker/*.yaml "$REPASSE_ROOT/docker/make-secrets.sh"; do cp "$file" "$staged/docker/" || return 1; done
  _deploy_send "$staged" "$DEPLOY_PATH/releases/$tag" || { _repasse_fail 'the compose files could not be sent'; return 1; }
  tar -cz -C "$REPASSE_ROOT/infra" host | _deploy_there "cd '$DEPLOY_PATH' && rm -rf .host && mkdir .host && tar -xz -C .host && rm -rf .host.old &&
    { [ ! -d host ] || mv host .host.old; } && mv .host/host host && rm -rf .host .host.old" || { _repasse_fail "the host's half could not be sent"; return 1; }
  _deploy_send_images "$tag"
}

_deploy_send_images() {
  local ours theirs names folder="$_deploy_folder/images"
  names=("$(_deploy_name app "$1")" "$(_deploy_name nginx "$1")")
  ours="$(docker image inspect --format '{{ .Id }}' "${names[@]}")" || return 1
  theirs="$(_deploy_there "docker image inspect --format '{{ .Id }}' ${names[*]} 2>/dev/null")"
  [ "$ours" = "$theirs" ] && { _repasse_say "the host has the images of release $1"; return 0; }
  mkdir -p "$folder"
  docker save "${names[@]}" | tar -x -C "$folder" || { _repasse_fail 'the images could not be saved'; return 1; }
  _repasse_say "sending the images of release $1: $(du -sh "$folder" | cut -f1) before compression, less the layers the host has"
  # A layer bears its digest as its name, so one that is there, whole, is the one.
  if [ -d "$folder/blobs" ]; then
    _deploy_send "$folder/blobs" "$DEPLOY_PATH/incoming/blobs" --size-only --delete || { _repasse_fail 'the images could not be sent'; return 1; }
    rm -rf "$folder/blobs"
  fi
  _deploy_send "$folder" "$DEPLOY_PATH/incoming" --checksum || { _repasse_fail 'the images could not be sent'; return 1; }
  _deploy_host load >&2 || { _repasse_fail 'the host could not load the images'; return 1; }
}

# --- switching -------------------------------------------------------------------------------------------------------------

_repasse_redeploy() {
  local word
  case "${1:-}" in
    --follow) _deploy_open && _deploy_reach && _deploy_follow; return ;;
    --stop) _deploy_open && _deploy_reach && _deploy_host stop; return ;;
    --help | -h) _repasse_help; return ;;
  esac
  for word in "$@"; do [ "$word" = --dirty ] || { _repasse_fail "redeploy knows --dirty, --follow and --stop, not '$word'"; return 2; }; done
  # Told before anything is built.
  _deploy_read || return 1
  local tag id
  tag="$(_repasse_buildimage "$@")" || return
  _deploy_open || return 1
  _deploy_reach || return 1
  _deploy_send_release "$tag" || return 1
  id="$(_deploy_host begin "$tag" "$(id -un)@$(uname -n)")" || { printf '%s\n' "$id" >&2; return 1; }
  # From here on the host goes on by itself. Ctrl-C takes it back; a line that is lost does not.
  trap '_repasse_say "taking it back"; _deploy_host stop >/dev/null' INT TERM
  _deploy_follow "$id"
}

# Shows the switch until its end; a line that is lost is tried again, from the beginning of what it says.
_deploy_follow() {
  local code tries
  for tries in 1 2 3 4 5 6; do
    _deploy_host follow "$@"
    code=$?
    # 255: ssh lost its line; above 128: it was ended by a signal.
    [ "$code" -gt 128 ] || return "$code"
    _repasse_say "the line was lost ($tries); the host goes on by itself"
    sleep 5
  done
  _repasse_fail 'the host cannot be reached any more: it goes on by itself, and "redeploy --follow" shows how it ended'
}

# --- asking ----------------------------------------------------------------------------------------------------------------

_deploy_ask() {
  _deploy_open || return 1
  _deploy_host "$@"
  local code=$?
  [ "$code" -ne 127 ] || _repasse_fail "nothing of ours is in $DEPLOY_PATH of $_deploy_to yet: redeploy brings it"
  return "$code"
}

# Writes the host's copy here, complete before it has its name.
_deploy_backup() {
  local file="${1:-}"
  [ -n "$file" ] || file="repasse-$(date -u +%Y%m%dT%H%M%SZ).backup"
  [ ! -e "$file" ] || { _repasse_fail "$file exists already: name one that does not"; return 1; }
  if ! (umask 077 && _deploy_ask backup >"$file.partial") || [ ! -s "$file.partial" ]; then
    rm -f "$file.partial"
    _repasse_fail 'no backup was made'
    return 1
  fi
  mv "$file.partial" "$file"
  printf '%s: %s bytes\n' "$file" "$(wc -c <"$file")"
}

_deploy_restore() {
  if [ ! -f "${1:-}" ]; then
    _repasse_fail 'name the file that backup wrote'
    return 2
  fi
  _deploy_read || return 1
  local file="$1" force='' by='' code='' identity='' bytes=0
  by="$(id -un)"
  shift
  while [ $# -gt 0 ]; do
    case "$1${2:+ with a value}" in
      --force | "--force with a value") force=1 && shift ;;
      '--by with a value') by="$2" && shift 2 ;;
      '--code with a value') code="$2" && shift 2 ;;
      '--identity with a value') identity="$2" && shift 2 ;;
      *)
        _repasse_fail "restore takes no $1 so: FILE --force [--by NAME [--code CODE]] [--identity FILE]"
        return 2
        ;;
    esac
  done
  if [ -z "$force" ]; then
    _repasse_fail "this replaces the books of $DEPLOY_HOST by those of $file; what was there is kept beside. Add --force to do it"
    return 2
  fi
  # As age begins; a database has zeros, which no variable holds.
  if [ "$(head -c 21 "$file" | tr -d '\0')" = 'age-encryption.org/v1' ]; then
    [ -n "$identity" ] || { _repasse_fail "$file is encrypted: --identity FILE names its secret key"; return 2; }
  elif [ -n "$identity" ]; then
    _repasse_fail "$file is not encrypted: leave --identity out"
    return 2
  fi
  if [ -n "$identity" ]; then
    [ -f "$identity" ] || { _repasse_fail "$identity does not exist: name the file that age-keygen wrote"; return 2; }
    bytes="$(wc -c <"$identity" | tr -d ' ')"
  fi
  # The secret key goes before the copy, over the same line: it is in no argument, and on no disk of the host.
  cat ${identity:+"$identity"} "$file" | _deploy_ask restore "$by" "$bytes" "$code"
}
