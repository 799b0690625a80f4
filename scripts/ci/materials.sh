#!/usr/bin/env bash
# The bill of materials of an image, in CycloneDX: the packages of its lock file and those of its Debian. IMAGE CONTEXT
set -euo pipefail
image=$1 context=$2
made=$(docker create "$image")
trap 'docker rm "$made" >/dev/null' EXIT
debian=$(docker cp "$made:/var/lib/dpkg/status" - 2>/dev/null | tar --extract --to-stdout 2>/dev/null || true)
if [ -z "$debian" ]; then
  echo "materials: $image has no list of Debian packages" >&2
fi
packages=$(awk 'BEGIN { RS = "" } {
  name = version = architecture = ""
  for (line = split($0, lines, "\n"); line > 0; line--) {
    if (split(lines[line], said, ": ") != 2) continue
    if (said[1] == "Package") name = said[2]
    if (said[1] == "Version") version = said[2]
    if (said[1] == "Architecture") architecture = said[2]
  }
  if (name) print name "\t" version "\t" architecture
}' <<<"$debian")
(cd "$context" && npm sbom --sbom-format cyclonedx --package-lock-only --omit dev) |
  jq --arg packages "$packages" --arg image "$image" '
    .metadata.component.name = $image
    | .components += [$packages | split("\n")[] | select(. != "") | split("\t")
        | {type: "library", name: .[0], version: .[1], purl: "pkg:deb/debian/\(.[0])@\(.[1] | @uri)?arch=\(.[2])"}]'
