#!/usr/bin/env bash
# Builds the image of a Next.js application by docker/Dockerfile:
#   scripts/build.sh FOLDER IMAGE [flags of docker build]
#   scripts/build.sh apps/chat registry.example.com/chat:v3 --build-arg SERVER=server.ts --build-arg HEALTH_PATH=/healthz
# On the local platform, in `slipway local exec --`, with `--network host --build-arg NODE_IMAGE=node:24-bookworm-slim`.
set -euo pipefail
if [ $# -lt 2 ]; then
  sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
folder=$1 image=$2
shift 2
DOCKER_BUILDKIT=1 exec docker build --file "$(dirname "$0")/../docker/Dockerfile" --tag "$image" "$@" "$folder"
