#!/bin/sh
# What `make test-full` needs besides Python: Debian packages. Needs root; npm packages are fetched by the tests themselves.
set -eu
missing=""
for pair in chromium:chromium node:nodejs npm:npm soffice:libreoffice-calc-nogui; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
[ -d /usr/share/fonts/opentype/noto ] || missing="$missing fonts-noto-cjk"
[ -z "$missing" ] && exit 0
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 -- a list of names
apt-get install -qq -y --no-install-recommends $missing >/dev/null
