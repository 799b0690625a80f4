#!/usr/bin/env bash
# Brings the dev environment up on the local platform and says how to use it. Runs inside `slipway local exec`.
# On a simulated node it is the stack `simulated`: dev without images to build, for nothing pulls them there.
set -euo pipefail
cd "$(dirname "$0")/.."
stack=dev
if [ "$SLIPWAY_LOCAL_CLUSTER" = simulated ]; then
  stack=simulated
fi
pulumi stack select --create "$stack"
pulumi up --stack "$stack" --yes --skip-preview --suppress-outputs
active=$(pulumi stack output active --stack "$stack")
other=$([ "$active" = blue ] && echo green || echo blue)
flip="flip    .venv/bin/slipway local exec -- bash -c 'pulumi config set slipway:active $other && pulumi up --yes --skip-preview'"
if [ "$stack" = simulated ]; then
  cat <<EOS

$stack is up on a simulated node: both colours are available in name, the route leads to $active, and no traffic flows. Nothing answers at any URL.

  look    .venv/bin/slipway local status        .venv/bin/slipway local exec -- kubectl get deployments,httproutes -A
  $flip
  real    on Linux, as root: make down, then sudo -E make up
  stop    make down
EOS
  exit
fi
url=$(pulumi stack output url --stack "$stack")
cat <<EOS

$stack is up: $url answers in $active

  open    $url
  which   curl $url/version
  $flip
  look    .venv/bin/slipway local status        .venv/bin/slipway local exec -- kubectl get pods -A
  stop    make down
EOS
