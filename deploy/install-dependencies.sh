#!/usr/bin/env bash
# Installs what building and testing needs from the distribution, and only what is missing. Works as root and as a user
# with sudo, behind a proxy given in the environment. Debian 12 and 13. The second run takes well under a second.
set -euo pipefail

. /etc/os-release
boost=1.81
[ "${VERSION_ID:-12}" = 12 ] || boost=1.83

packages=(
  g++ cmake ninja-build ccache mold pkg-config protobuf-compiler
  libcaf-dev librocksdb-dev libboost$boost-dev libboost-json$boost-dev libboost-url$boost-dev libprotobuf-dev
  prometheus-cpp-dev doctest-dev libroaring-dev libstemmer-dev libutf8proc-dev libxxhash-dev libzstd-dev libsodium-dev
  libssl-dev libfmt-dev libspdlog-dev libcli11-dev libtomlplusplus-dev zlib1g-dev libjemalloc-dev libcurl4-openssl-dev curl
)
# What only the tests need: the metrics linter, the model checker, the fuzzers' compiler, power cuts, JSON on the command
# line, etcd, the checkers of deploy/ (systemd's, docker-compose, Go for its templates), and a browser for the storefront page.
[ "${1:-}" = --build-only ] || packages+=(prometheus spin clang libclang-rt-dev e2fsprogs jq python3 util-linux etcd-server etcd-client openssl
  iproute2 systemd docker-compose golang-go python3-yaml chromium)

# The storefront page is built with node and npm, wherever they come from; Typesense's own clients are tests.
if command -v node >/dev/null && command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]; then
  :
else
  packages+=(nodejs npm)
fi

missing=()
for package in "${packages[@]}"; do
  if [ "$package" = libclang-rt-dev ]; then
    # Debian 12 names it by version.
    package=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\).*/libclang-rt-\1-dev/p' | head -1)
    package=${package:-libclang-rt-14-dev}
  fi
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "souk: these packages are missing and there is no sudo: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo --preserve-env=http_proxy,https_proxy,no_proxy,HTTP_PROXY,HTTPS_PROXY,NO_PROXY)
fi
echo "souk: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
# These packages start servers by themselves; only their programs are wanted here.
for service in prometheus:prometheus etcd-server:etcd; do
  if [[ " ${missing[*]} " == *" ${service%%:*} "* ]] && command -v systemctl >/dev/null; then
    "${as_root[@]}" systemctl disable --now "${service##*:}" >/dev/null 2>&1 || true
  fi
done
