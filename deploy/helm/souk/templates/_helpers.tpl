{{- define "souk.name" -}}
{{- .Release.Name -}}
{{- end -}}

{{- define "souk.selector" -}}
app.kubernetes.io/name: souk
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "souk.labels" -}}
{{ include "souk.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "souk.keys" -}}
{{- if .Values.keys.existingSecret -}}
{{- .Values.keys.existingSecret -}}
{{- else -}}
{{- include "souk.name" . -}}-keys
{{- end -}}
{{- end -}}

{{- /* The settings of a group. Call with a dict of root and group. */ -}}
{{- define "souk.toml" -}}
{{- $values := .root.Values -}}
http = "0.0.0.0:8080"
admin = "0.0.0.0:8081"
coordinator = "etcd"
etcd_endpoints = [{{ range $i, $url := $values.etcd.endpoints }}{{ if $i }}, {{ end }}{{ $url | quote }}{{ end }}]
etcd_prefix = {{ $values.etcd.prefix | quote }}
{{- if $values.etcd.tlsSecret }}
etcd_ca = "/etc/souk-etcd-tls/ca.crt"
{{- if $values.etcd.clientCertificate }}
etcd_cert = "/etc/souk-etcd-tls/tls.crt"
etcd_key = "/etc/souk-etcd-tls/tls.key"
{{- end }}
{{- end }}
{{- if $values.etcd.user }}
etcd_user = {{ $values.etcd.user | quote }}
etcd_password_file = "/etc/souk-etcd-user/password"
{{- end }}
cluster = {{ $values.cluster | quote }}
node_listen = "0.0.0.0:8082"
{{- if $values.nodeTls.secret }}
node_ca = "/etc/souk-node-tls/ca.crt"
node_cert = "/etc/souk-node-tls/tls.crt"
node_key = "/etc/souk-node-tls/tls.key"
{{- end }}
replicas = {{ $values.replicas }}
catalog_shards = {{ $values.catalogShards }}
order_shards = {{ $values.orderShards }}
{{- if .group.threads }}
threads = {{ .group.threads }}
scheduler_threads = {{ .group.threads }}
search_workers = {{ .group.threads }}
{{- end }}
{{- range $name, $value := $values.settings }}
{{ $name }} = {{ $value | toJson }}
{{- end }}
{{- end -}}
