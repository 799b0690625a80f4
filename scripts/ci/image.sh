#!/usr/bin/env bash
# The image of the branch's application, built, pushed and signed if the registry does not have it yet: scripts/ci/image.sh
# Named by its digest it goes to standard output, everything else to standard error. Its tag is its sources', so that a commit
# which does not touch them is served by the image that is there.
# CONTEXT, DOCKERFILE and IMAGE_REPOSITORY say of what and where to, DOCKER names a docker with BuildKit; how it is signed: sign.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
context=${CONTEXT:-apps/chat}
file=${DOCKERFILE:-$context/Dockerfile}
repository=${IMAGE_REPOSITORY:-127.0.0.1:5000/slipway/chat}
sources=$(git rev-parse "HEAD:$context" "HEAD:$file" | git hash-object --stdin)
image=$repository:$sources
named() { docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image" | grep --max-count 1 --fixed-strings "$repository@"; }
{
  if docker pull --quiet "$image"; then
    echo "image: the registry has it"
  else
    # Provenance is signed below; a builder's own would make an index of the image, with another digest.
    DOCKER_BUILDKIT=1 BUILDX_NO_DEFAULT_ATTESTATIONS=1 "${DOCKER:-docker}" build --network host --build-arg "VERSION=${sources:0:9}" \
      --label "org.opencontainers.image.revision=$(git rev-parse HEAD)" --file "$file" --tag "$image" "$context"
    docker push --quiet "$image"
    scripts/ci/sign.sh image "$(named)" "$context"
  fi
} >&2
named
