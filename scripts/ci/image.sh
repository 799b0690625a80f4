#!/usr/bin/env bash
# The image of the branch's application, built, pushed and signed if the registry does not have it yet: scripts/ci/image.sh
# Named by its digest it goes to standard output, everything else to standard error. Its tag is its sources', so that a commit
# which does not touch them is served by the image that is there. One that is there without a signature, because its job was
# killed or because it is somebody else's, is built again: only what was built here is signed.
# CONTEXT, DOCKERFILE, BUILD_ARGS and IMAGE_REPOSITORY say of what and where to, DOCKER names a docker with BuildKit; how it is
# signed and verified: sign.sh, verify.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
context=${CONTEXT:-apps/chat}
file=${DOCKERFILE:-docker/Dockerfile}
arguments=${BUILD_ARGS:-SERVER=server.ts HEALTH_PATH=/healthz}
export IMAGE_REPOSITORY=${IMAGE_REPOSITORY:-127.0.0.1:5000/slipway/chat}
sources=$({ git rev-parse "HEAD:$context" "HEAD:$file" && echo "$arguments"; } | git hash-object --stdin)
image=$IMAGE_REPOSITORY:$sources
named() { docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image" | grep --max-count 1 --fixed-strings "$IMAGE_REPOSITORY@"; }
{
  if docker pull --quiet "$image" && scripts/ci/verify.sh "$(named)"; then
    echo "image: the registry has it"
  else
    given=(--build-arg "VERSION=${sources:0:9}")
    for argument in $arguments; do
      given+=(--build-arg "$argument")
    done
    # Provenance is signed below; a builder's own would make an index of the image, with another digest.
    DOCKER_BUILDKIT=1 BUILDX_NO_DEFAULT_ATTESTATIONS=1 "${DOCKER:-docker}" build --network host "${given[@]}" \
      --label "org.opencontainers.image.revision=$(git rev-parse HEAD)" --file "$file" --tag "$image" "$context"
    docker push --quiet "$image"
    scripts/ci/sign.sh image "$(named)" "$context"
  fi
} >&2
named
