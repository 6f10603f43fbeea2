#!/usr/bin/env bash
# The host's half of a redeploy. infra/deploy.sh sends this folder into DEPLOY_PATH and calls this file over ssh; it needs docker with
# compose, flock, GNU's small programs and bash. What it knows beside its arguments is in the environment: PROJECT, COMPOSE, KEEP, READY_SECONDS.
#
# A release is a folder releases/TAG (the compose files) and the images repasse:TAG and repasse-nginx:TAG. The new container is
# started beside the old one and takes the socket's name once it is ready; only then the old one is stopped. Until that moment all
# can be undone, and is: by itself when the new one fails, by `stop` when a person says so, by the next redeploy when this one was cut off.
set -uo pipefail
root="$(CDPATH='' cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)" && cd "$root" || exit 1
# shellcheck disable=SC2034 # read by the parts below
project="${PROJECT:-repasse}" keep="${KEEP:-3}" patience="${READY_SECONDS:-60}"
# How long a new one must stay well before the old one is stopped, in seconds.
# shellcheck disable=SC2034
watched=3

say() { printf '· %s\n' "$*"; }
fault() { printf '✗ %s\n' "$*"; }

# shellcheck source=infra/host/running.sh
. host/running.sh
# shellcheck source=infra/host/database.sh
. host/database.sh
# shellcheck source=infra/host/after.sh
. host/after.sh
# shellcheck source=infra/host/switch.sh
. host/switch.sh
# shellcheck source=infra/host/asked.sh
. host/asked.sh

case "${1:-}" in
  begin | follow | switch | stop | status | logs | backup | restore | load | repasse) "$@" ;;
  *)
    fault "host.sh: no verb '${1:-}'"
    exit 2
    ;;
esac
