#!/usr/bin/env bash
# Everything in deploy/ that can be checked without the systems it is for: units, image, compose file, alerts, manifests,
# chart. Each check is also run against a copy that was broken on purpose, and must name what is broken.
. "$(dirname "$0")/lib.sh"
[ -z "${SOUK_BIN:-}" ] || souk=$SOUK_BIN/souk
checks=$root/tests/faults/deploy_checks.py
passed=0

"$souk" serve --help >"$work/help.txt"
# The example settings of the unit serve.
SOUK_SERVER_KEY=sk_x SOUK_PUBLIC_KEY=pk_x "$souk" serve --config "$root/deploy/systemd/souk.toml" --data "$work/example" \
  --http "127.0.0.1:$port" --admin "127.0.0.1:$admin" >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 200); do curl -fsS -o /dev/null "$SOUK_URL/readyz" 2>/dev/null && break; sleep 0.05; done
curl -fsS -o /dev/null "$SOUK_URL/livez" || fail "a node with deploy/systemd/souk.toml does not serve"
stop_server TERM
# A node's metrics. Some series begin with the first search and checkout.
start_server "$work/data"
call POST /v1/products '{"id":"tee","title":"Organic tee","sku":"TEE","price":{"amount":1999,"currency":"EUR"},"stock":5}' -o /dev/null
call GET '/v1/search?q=tee' '' -o /dev/null
call POST /v1/checkouts '{"lines":[{"sku":"TEE","quantity":1}],"customer":{"email":"a@example.org"},"payment":{"provider":"test","token":"tok_ok"}}' \
  -H 'Idempotency-Key: deploy-1' -o /dev/null
curl -fsS "http://127.0.0.1:$admin/metrics" >"$work/metrics.txt"
stop_server TERM

# Each check gets the folder to look at, prints what is wrong and fails.
check_units() {
  local fake=$work/fake-root unit
  rm -rf "$fake"
  mkdir -p "$fake/usr/bin" "$fake/etc/systemd/system" "$fake/usr/lib/systemd/system" "$fake/usr/lib/sysusers.d" "$fake/usr/lib/tmpfiles.d"
  cp /bin/true "$fake/usr/bin/souk"
  cp /bin/true "$fake/usr/bin/curl"
  cp "$1"/systemd/*.service "$fake/etc/systemd/system/"
  cp /usr/lib/systemd/system/*.target "$fake/usr/lib/systemd/system/"
  cp "$1/systemd/souk.sysusers" "$fake/usr/lib/sysusers.d/souk.conf"
  cp "$1/systemd/souk.tmpfiles" "$fake/usr/lib/tmpfiles.d/souk.conf"
  for unit in souk.service souk-wait-etcd.service; do
    # It only warns of keys that it does not know.
    systemd-analyze verify --root="$fake" --man=no "$unit" >"$work/verify" 2>&1 && [ ! -s "$work/verify" ] || { cat "$work/verify"; return 1; }
    systemd-analyze security --no-pager --offline=true --root="$fake" --threshold=20 "$unit" >"$work/security" 2>&1 ||
      { tail -1 "$work/security"; return 1; }
  done
  systemd-sysusers --root="$fake" --dry-run >"$work/sysusers" 2>&1 || { cat "$work/sysusers"; return 1; }
  grep -qi "creating user.*souk" "$work/sysusers" || { echo "sysusers makes no user: $(cat "$work/sysusers")"; return 1; }
  if [ "$(id -u)" = 0 ]; then
    systemd-sysusers --root="$fake" >/dev/null 2>&1
    systemd-tmpfiles --root="$fake" --create >"$work/tmpfiles" 2>&1 && [ -d "$fake/var/backups/souk" ] || { cat "$work/tmpfiles"; return 1; }
  fi
  python3 "$checks" units "$1" "$work/help.txt"
}
check_image() {
  # Debian's names of the libraries that the program is linked with: the image installs them, or something that needs them.
  local release
  release=$(sed -n 's/^FROM .*debian:\([0-9]*\)-slim$/\1/p' "$1/container/Containerfile")
  [ -n "$release" ] || { echo "the image has no slim Debian as its base"; return 1; }
  if [ "$(. /etc/os-release && echo "$VERSION_ID")" = "$release" ]; then
    # In one call: it reads its whole database each time. A file may be known under /lib or under /usr/lib.
    ldd "$souk" | awk '/=>/ {print $3}' | xargs -n1 readlink -f | sed 's|^/usr/lib|/lib|; p; s|^/lib|/usr/lib|' |
      { xargs dpkg-query -S 2>/dev/null || true; } | sed 's/:.*//' | sort -u >"$work/packages.txt"
    [ "$(wc -l <"$work/packages.txt")" -gt 15 ] || { echo "dpkg does not know the program's libraries"; return 1; }
  else
    echo "skipped the image's libraries: they are those of Debian $release" >&2
    : >"$work/packages.txt"
  fi
  python3 "$checks" image "$1" "$work/help.txt" "$work/packages.txt"
}
check_context() {
  # What the ignore file lets into the build is enough to configure it and to know every source of the program.
  rm -rf "$work/context"
  mkdir -p "$work/context"
  sed -n 's/^!//p' "$1/container/Containerfile.dockerignore" | while read -r path; do
    mkdir -p "$work/context/$(dirname "$path")"
    cp -r "$root/$path" "$work/context/$path"
  done
  (cd "$work/context" && cmake --preset release && ninja -C build/release -n souk) >"$work/context.log" 2>&1 || { tail -5 "$work/context.log"; return 1; }
  ninja -C "$work/context/build/release" -t commands souk | grep -o '[a-z]*/[^ ]*\.cpp$' | sed "s|.*$work/context/||; s|.*/context/||" | sort -u >"$work/built.txt"
  (cd "$root" && find engine storage actors net -name '*.cpp') | sort >"$work/sources.txt"
  comm -13 "$work/built.txt" "$work/sources.txt" >"$work/left-out.txt"
  [ ! -s "$work/left-out.txt" ] || { echo "these sources are not in the image's build:"; head -3 "$work/left-out.txt"; return 1; }
}
check_compose() {
  docker-compose --env-file "$1/container/compose.env" -f "$1/container/compose.yaml" config >"$work/compose.yaml" 2>"$work/compose.err" ||
    { cat "$work/compose.err"; return 1; }
  python3 "$checks" compose "$1" "$work/help.txt" "$work/compose.yaml"
}
check_alerts() {
  (cd "$1/prometheus" && promtool check config prometheus.yml && promtool check rules --lint-fatal alerts.yml && promtool test rules alerts_test.yml) \
    >"$work/promtool" 2>&1 || { cat "$work/promtool"; return 1; }
  python3 "$checks" metrics "$1" "$work/metrics.txt" || return 1
  python3 "$checks" queries "$1" >"$work/queries.yml" && promtool check rules "$work/queries.yml" >"$work/promtool" 2>&1 || { cat "$work/promtool"; return 1; }
}
check_run() {
  # The nodes of the manifests and of the compose file, as processes that form a cluster.
  docker-compose --env-file "$1/container/compose.env" -f "$1/container/compose.yaml" config >"$work/compose.yaml" 2>/dev/null
  rm -rf "$work/run"
  python3 "$root/tests/faults/deploy_run.py" "$1" "$work/compose.yaml" "$souk" "$work/run"
}
check_manifests() {
  python3 "$checks" kubernetes "$1" "$work/help.txt" "$1"/kubernetes/{config,services,statefulsets,availability,autoscaling,networkpolicy}.yaml
}
check_chart() {
  # With every switch, and without any: the latter must be the manifests in the tree.
  "$1/kubernetes/render.py" "$1/helm/souk/ci/everything-values.yaml" >"$work/everything.yaml" 2>"$work/render.err" || { cat "$work/render.err"; return 1; }
  python3 "$checks" kubernetes "$1" "$work/help.txt" "$work/everything.yaml" || return 1
  rm -rf "$work/rendered"
  cp -r "$1" "$work/rendered"
  "$work/rendered/kubernetes/render.py" 2>"$work/render.err" || { cat "$work/render.err"; return 1; }
  diff -r "$1/kubernetes" "$work/rendered/kubernetes" || { echo "deploy/kubernetes is not what the chart makes: run render.py"; return 1; }
  # Without keys the chart says what is missing.
  if "$1/kubernetes/render.py" - >/dev/null 2>"$work/render.err"; then echo "the chart makes nodes without keys"; return 1; fi
  grep -q existingSecret "$work/render.err" || { cat "$work/render.err"; return 1; }
  command -v helm >/dev/null || return 0
  helm lint --strict -f "$1/helm/souk/ci/everything-values.yaml" "$1/helm/souk" || return 1
}

good() {  # check
  [[ $1 =~ $only ]] || return 0
  "check_$1" "$root/deploy" >"$work/said" 2>&1 || fail "$1: $(cat "$work/said")"
  cat "$work/said"
  passed=$((passed + 1))
}
bad() {  # check, file, sed's command, what must be said
  [[ $1 =~ $only ]] || return 0
  rm -rf "$work/broken"
  cp -r "$root/deploy" "$work/broken"
  sed -i "$3" "$work/broken/$2"
  if cmp -s "$work/broken/$2" "$root/deploy/$2"; then fail "control of $1: '$3' changes nothing in $2"; fi
  if "check_$1" "$work/broken" >"$work/said" 2>&1; then fail "control of $1: it does not see '$3' in $2"; fi
  grep -qi -- "$4" "$work/said" || fail "control of $1: '$3' in $2 is refused, but not for '$4': $(cat "$work/said")"
  passed=$((passed + 1))
}

only=${1:-.}
good units
bad units systemd/souk.service 's/^TimeoutStopSec/TimeoutStopSecs/' TimeoutStopSecs
bad units systemd/souk.service 's/^TimeoutStopSec=.*/TimeoutStopSec=30s/' 'drain'
bad units systemd/souk.service '/^RestartPreventExitStatus/d' 'newer data folder'
bad units systemd/souk.service 's/^StartLimitIntervalSec=0/StartLimitIntervalSec=60/' 'gives up'
bad units systemd/souk.service 's/--config/--configuration/' '--configuration'
bad units systemd/souk.service '/^CapabilityBoundingSet/d; /^SystemCallFilter/d; /^ProtectSystem/d; /^PrivateUsers/d' 'exposure'
bad units systemd/souk-wait-etcd.service 's/^Before=.*/Before=shop.service/' 'souk.service'
bad units systemd/souk.sysusers 's/^u souk/u shop/' 'user'
bad units systemd/souk.toml 's/^#zone/#zones/' 'zones'

good image
bad image container/Containerfile 's/librocksdb7.8 //' 'librocksdb7.8'
bad image container/Containerfile 's/"--admin"/"--operators"/' '--operators'
bad image container/Containerfile 's/^USER .*/USER root/' 'root'
bad image container/Containerfile 's|^COPY LICENSE|COPY COPYING|' 'COPYING'
good context
bad context container/Containerfile.dockerignore '/^!engine/d' 'engine'

good compose
bad compose container/compose.yaml 's/condition: service_healthy/conditions: service_healthy/' 'conditions\|depends_on'
bad compose container/compose.yaml 's/--zone=zone-b/--rack=zone-b/' '--rack'
bad compose container/compose.yaml 's/--node-advertise=souk-2:8082/--node-advertise=souk-9:8082/' 'souk-9'
bad compose container/compose.yaml 's/stop_grace_period: 60s/stop_grace_period: 10s/' 'drain'
bad compose container/souk.toml 's/^replicas/copies/' 'copies'

good alerts
bad alerts prometheus/alerts.yml 's/souk_disk_full == 1/souk_disk_is_full == 1/' 'souk_disk_is_full'
bad alerts prometheus/alerts.yml 's/histogram_quantile/histogram_quantiles/' 'histogram_quantiles'
bad alerts prometheus/alerts.yml 's/souk_shard_queue_depth \/ rate/souk_shard_queue_depth * rate/' 'FAILED'
bad alerts prometheus/prometheus.yml 's/souk-2:8081/souk-2:8080/' '8080'
bad alerts prometheus/adapter.yaml 's/souk_http_in_flight{/souk_http_requests_in_flight{/' 'souk_http_requests_in_flight'
bad alerts prometheus/adapter.yaml 's/max by (<<.GroupBy>>) (/max by <<.GroupBy>> (/' 'could not parse'
bad alerts prometheus/dashboard.json 's/souk_shard_shed_total/souk_shard_refused_total/' 'souk_shard_refused_total'
bad alerts prometheus/dashboard.json 's/group_right ()/group_right/; s/on (shard)/over (shard)/' 'could not parse'

good manifests
bad manifests kubernetes/statefulsets.yaml 's/terminationGracePeriodSeconds/terminationGraceSeconds/' 'terminationGraceSeconds'
bad manifests kubernetes/statefulsets.yaml 's/terminationGracePeriodSeconds: 60/terminationGracePeriodSeconds: 30/' 'drain'
bad manifests kubernetes/statefulsets.yaml 's/--node-advertise=/--node-announce=/' '--node-announce'
bad manifests kubernetes/statefulsets.yaml 's/serviceName: .*/serviceName: souk-pods/' 'souk-pods'
bad manifests kubernetes/statefulsets.yaml 's|path: /livez|path: /healthz|' 'healthz'
bad manifests kubernetes/statefulsets.yaml 's/key: server-key/key: 5/' "'5'\|no str"
bad manifests kubernetes/statefulsets.yaml 's/name: souk-keys/name: shop-keys/' 'shop-keys'
bad manifests kubernetes/statefulsets.yaml 's/roles=gateway/roles=data/' 'souk/data'
bad manifests kubernetes/statefulsets.yaml 's/mountPath: .var.lib.souk/mountPath: \/data/' '--data'
bad manifests kubernetes/services.yaml 's|souk/gateway: .*|souk/gateway: yes-please|' 'selects nothing'
bad manifests kubernetes/services.yaml 's/targetPort: http/targetPort: https/' 'https'
bad manifests kubernetes/availability.yaml "s|souk/data: 'false'|souk/gateway: 'false'|" 'disruption budgets'
bad manifests kubernetes/autoscaling.yaml 's/name: souk_http_in_flight/name: souk_queue/' 'souk_queue'
bad manifests kubernetes/autoscaling.yaml 's/name: souk-gateway$/name: souk-gate/' 'scales nothing'
bad manifests kubernetes/networkpolicy.yaml 's/port: 2379/port: 2380/' '2379'
bad manifests kubernetes/networkpolicy.yaml 's/app.kubernetes.io.instance: souk/app.kubernetes.io\/instance: shop/' 'NetworkPolicy'
bad manifests kubernetes/config.yaml 's/node_listen/nodes_listen/' 'nodes_listen'

good chart
bad chart helm/souk/templates/statefulsets.yaml 's/{{- end }}$/{{- fi }}/' 'fi'
bad chart helm/souk/templates/statefulsets.yaml 's/\.autoscaling\.enabled/.autoscale.enabled/' 'autoscale'
bad chart helm/souk/templates/statefulsets.yaml 's/souk-etcd-tls, readOnly/souk-etcd, readOnly/' 'souk-etcd-tls'
bad chart helm/souk/templates/availability.yaml 's/selectPolicy: Disabled/selectPolicy: Max/' 'copies away'
bad chart helm/souk/templates/servicemonitor.yaml 's/port: admin/port: metrics/' 'ServiceMonitor'
bad chart helm/souk/values.yaml 's/^catalogShards: 4/catalogShards: 8/' 'run render.py'

good run
# What only the program itself knows.
bad run kubernetes/config.yaml 's/replicas = 3/replicas = 30/' 'from 1 to 9'
bad run container/souk.toml '/^test_payments/d' 'checkout is answered 4'

echo "$passed checks and controls of deploy/"
