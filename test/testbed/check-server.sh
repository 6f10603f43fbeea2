#!/usr/bin/env bash
# check-server.sh: what nginx, Docker and Compose themselves say of nginx/ and docker/. Ends with 1 when one of them finds a fault.
# Asked is what is here; what is not is said. Where servers are expected (CI, REPASSE_REQUIRE_SERVERS=1) they are brought first, and the
# tests find them there. With Node in PATH, from any folder.
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." || exit 1
engine=.tools/docker images=.tools/images
status=0 joined=''

say() { printf '· %s\n' "$*" >&2; }
wrong() { printf '✗ %s\n' "$*" >&2; status=1; }
judged() { case "${REPASSE_REQUIRE_SERVERS:-}${CI:-}" in '' | 0 | false) return 1 ;; esac; }

# Prints what each nginx finds, with the very configuration the tests run; the launcher of .tools, or the machine's own.
check_nginx() {
  node --disable-warning=ExperimentalWarning --input-type=module -e "
import { existsSync } from 'node:fs'
import { bringNginx, judgeConfiguration, nginxes } from './test/testbed/nginx.ts'
const brings = process.argv[1] === 'bring'
const there = kind => existsSync('.tools/nginx-' + kind.version + '/bin/nginx')
let asked = 0
for (const kind of nginxes) {
  if (!brings && !there(kind)) continue
  const program = bringNginx(kind)
  if (!program) continue
  asked++
  const found = await judgeConfiguration(program)
  if (found !== undefined) {
    process.exitCode = 1
    console.error('nginx ' + kind.version + ' finds:\n' + found)
  }
}
if (asked === 0) console.error('· skipped: nginx -t, no nginx was brought yet (the tests bring it)')
" "$1"
}

# Compose needs no engine to read its files.
check_compose() {
  docker compose version >/dev/null 2>&1 || { say 'skipped: docker compose config, no Compose is here'; return; }
  docker compose -f docker/compose.yaml config --quiet || wrong 'docker/compose.yaml'
  docker compose -f docker/compose.yaml -f docker/compose.postgres.yaml config --quiet || wrong 'docker/compose.postgres.yaml'
}

check_dockerfile() {
  docker info >/dev/null 2>&1 || { say 'skipped: docker build --check, no engine is here'; return; }
  docker build --help 2>/dev/null | grep -q -- --check || { say 'skipped: docker build --check, which this Docker does not know'; return; }
  # shellcheck disable=SC2046 # an image's name has no blanks
  if [ -n "$joined" ] && ! docker image inspect $(sed -n 's/^ARG N[A-Z]*_IMAGE=\([^@]*\).*/\1/p' docker/Dockerfile) >/dev/null 2>&1; then
    say 'skipped: docker build --check, the images it starts from are not made yet (the tests make them)'
    return
  fi
  docker build --check --quiet -f docker/Dockerfile . >/dev/null || docker build --check -f docker/Dockerfile . || wrong 'docker/Dockerfile'
}

if judged; then check_nginx bring; else check_nginx look; fi || status=1

# An engine of this machine is asked; else the tests' own, where it was brought.
if ! docker info >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  if judged; then test/testbed/get-docker.sh "$engine" || wrong 'no Docker engine could be brought'; fi
  if [ -x "$engine/bin/dockerd" ] && settings="$(test/testbed/start-dockerd.sh "$engine" join $$)"; then
    joined=yes
    trap 'test/testbed/start-dockerd.sh "$engine" leave $$' EXIT
    eval "$settings"
    if judged; then test/testbed/make-base-images.sh "$images" || wrong 'the images to start from could not be made'; fi
  fi
fi
check_compose
check_dockerfile
exit $status
