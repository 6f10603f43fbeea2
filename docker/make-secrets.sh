#!/bin/sh
# make-secrets.sh [FOLDER]: a password for PostgreSQL, and the address that holds it, in FOLDER (docker/secrets). What is there stays.
# Others on this machine cannot enter the folder; the containers get the files one by one.
set -eu
folder=${1:-$(CDPATH='' cd -P -- "$(dirname -- "$0")" && pwd)/secrets}
umask 077
mkdir -p "$folder"
if [ -s "$folder/postgres-password" ] && [ -s "$folder/database-url" ]; then
  echo "make-secrets: $folder has them already" >&2
  exit 0
fi
password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
printf '%s' "$password" >"$folder/postgres-password"
printf 'postgres://repasse:%s@postgres:5432/repasse' "$password" >"$folder/database-url"
# Each is read by another user of its container, whose number is not known here.
chmod 444 "$folder/postgres-password" "$folder/database-url"
echo "make-secrets: written to $folder" >&2
