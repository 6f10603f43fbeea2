#!/bin/sh
# pin-images.sh [IMAGE...]: writes the digest that each base image has now into docker/Dockerfile and compose.postgres.yaml, so that a
# build takes those bytes and no others. With IMAGE (node:24.23.0-bookworm-slim) it moves on to that version first. Needs docker and the
# registry; what it changed is for a person to read and commit. Digests are of the list of all platforms, so one fits every machine.
set -eu
folder=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && pwd)
for name in NODE POSTGRES NGINX; do
  image=$(sed -n "s/^ARG ${name}_IMAGE=\([^@]*\).*/\1/p" "$folder/Dockerfile")
  for given in "$@"; do
    case $given in "${image%%:*}:"*) image=$given ;; esac
  done
  digest=$(docker buildx imagetools inspect "$image" --format '{{.Manifest.Digest}}')
  case $digest in sha256:*) ;; *) echo "pin-images: no digest of $image" >&2 && exit 1 ;; esac
  sed -i "s|^\(ARG ${name}_IMAGE=\).*|\1$image@$digest|" "$folder/Dockerfile"
  sed -i "s|\(\${${name}_IMAGE:-\)[^}]*|\1$image@$digest|" "$folder/compose.postgres.yaml"
  echo "pin-images: $image@$digest" >&2
done
