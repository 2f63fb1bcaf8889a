package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// TestTheRepositoryIsSound is not parallel, as skaffold's package of tags keeps
// what it has seen in a map that it does not guard.
func TestTheRepositoryIsSound(t *testing.T) {
	findings, err := check(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}

// breach is a change of a file that must be found.
type breach struct {
	overlay  string
	old, now string // the first of old becomes now
	finding  string // part of it
}

func TestBreachesOfAnOverlayAreFound(t *testing.T) {
	t.Parallel()
	h, err := readHouse(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]breach{
		"AFieldThatKubernetesDoesNotHave":    {"prod", "containerPort: 9090", "containerPrt: 9090", "containerPrt"},
		"AFieldThatStandsThereTwice":         {"prod", "enableServiceLinks: false", "enableServiceLinks: false\n      enableServiceLinks: true", "already set"},
		"AFieldThatCertManagerDoesNotHave":   {"prod", "secretName: nats-tls", "secretNme: nats-tls", "secretNme"},
		"AFieldThatTheOperatorDoesNotHave":   {"prod", "podMetricsEndpoints:", "podMetricEndpoints:", "podMetricEndpoints"},
		"AServiceThatIsMissing":              {"prod", "image: ghcr.io/actionplane/targets:0.1.0", "image: ghcr.io/actionplane/gateway:0.1.0", "deploys [access actions approvals dispatch executions gateway gateway scripts]"},
		"AnImageThatMayChange":               {"prod", "nats:2.12.8-alpine", "nats:latest", "image nats:latest is not pinned"},
		"AnImageThatNobodyBuilds":            {"dev", "image: actionplane/targets", "image: actionplane/other", "image actionplane/other is not pinned"},
		"AProbeOfAPortThatIsNotThere":        {"prod", "path: /readyz\n            port: ops", "path: /readyz\n            port: opps", "no port named opps"},
		"AProbeThatIsMissing":                {"prod", "startupProbe:", "lifecycle: {}\n        # startupProbe:", "did not find"},
		"NoLimitOfMemory":                    {"prod", "limits:\n            memory: 256Mi", "limits: {}", "has no limit of memory"},
		"AUserThatIsRoot":                    {"prod", "runAsUser: 65532", "runAsUser: 0", "names no user"},
		"ARootThatMayBeWritten":              {"prod", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "may write to its image"},
		"ATokenOfTheAPIServer":               {"prod", "automountServiceAccountToken: false\n      containers:", "automountServiceAccountToken: true\n      containers:", "mounts a token"},
		"ANamespaceThatLetsAnythingIn":       {"prod", "enforce: restricted", "enforce: privileged", "does not enforce the level restricted"},
		"AKeyThatNobodyMakes":                {"prod", "key: master-key", "key: main-key", "there is no main-key in Secret actionplane-targets"},
		"AConfigMapThatIsNotThere":           {"prod", "configMapRef:\n            name: actionplane-", "configMapRef:\n            name: actionplan-", "there is no  in ConfigMap actionplan-"},
		"AVariableThatNobodyReads":           {"prod", "name: ACTIONPLANE_SCRIPT_WORKERS", "name: ACTIONPLANE_SCRIPTS_WORKERS", "nobody there reads ACTIONPLANE_SCRIPTS_WORKERS"},
		"AVariableOfAnotherService":          {"prod", "name: ACTIONPLANE_SCRIPT_WORKERS", "name: ACTIONPLANE_CIRCUIT_FAILURES", "Deployment scripts: nobody there reads ACTIONPLANE_CIRCUIT_FAILURES"},
		"ADatabaseThatIsMissing":             {"prod", "name: DATABASE_URL", "name: OTEL_URL", "DATABASE_URL is not set"},
		"AHeapAsLargeAsTheLimit":             {"prod", `ACTIONPLANE_GC_MEMORY: "208"`, `ACTIONPLANE_GC_MEMORY: "256"`, "not well below the limit"},
		"MoreWorkersThanFit":                 {"prod", "value: \"4\"", "value: \"8\"", "do not fit"},
		"AKillBeforeTheEnd":                  {"prod", "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 30", "is killed before"},
		"AServiceThatPicksNothing":           {"prod", "targetPort: public", "targetPort: pubic", "Service gateway: the container has no port named pubic"},
		"ABudgetForNobody":                   {"prod", "maxUnavailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: access", "maxUnavailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: acess", "2 replicas have 0 budgets"},
		"ABudgetThatLetsNobodyGo":            {"prod", "maxUnavailable: 1\n  selector", "maxUnavailable: 0\n  selector", "does not let one pod go"},
		"AScalerOfNothing":                   {"prod", "kind: Deployment\n    name: dispatch", "kind: Deployment\n    name: dispatcher", "scales nothing that is there"},
		"AScalerByAnothersLag":               {"prod", "kind: Deployment\n    name: dispatch", "kind: Deployment\n    name: executions", "which is not its own"},
		"AScalerByAStreamThatIsNoMore":       {"prod", "stream: EVENTS", "stream: RUNS", "which is not its own"},
		"AScalerByWhatNobodyGives":           {"prod", "name: actionplane_consumer_lag", "name: actionplane_lag", "by a metric that nobody gives"},
		"ACertificateWithoutANodesName":      {"prod", "- nats-2.nats-nodes\n", "", "is not for nats-2.nats-nodes"},
		"ACertificateOfNobody":               {"prod", "kind: Issuer\n    name: actionplane\n", "kind: Issuer\n    name: other\n", "there is no Issuer other"},
		"AJobOfAnotherName":                  {"prod", "jobLabel: app.kubernetes.io/name", "jobLabel: app.kubernetes.io/part-of", "does not become a job of its name"},
		"DefaultAllow":                       {"prod", "name: default-deny\n  namespace: actionplane\nspec:\n  podSelector: {}", "name: default-deny\n  namespace: actionplane\nspec:\n  podSelector: {matchLabels: {a: b}}", "monitoring can reach a pod of nobody's at TCP 9090"},
		"AMetadataServiceThatCanBeReached":   {"prod", "- 169.254.0.0/16\n        - 172", "- 172", "dispatch can reach 169.254.169.254 at TCP 80"},
		"ADatabaseThatCannotBeReached":       {"managed", "port: 5432", "port: 5433", "access cannot reach 10.1.2.3 at TCP 5432"},
		"NodesThatEverybodyMayJoin":          {"prod", "port: 6222\n      protocol: TCP\n  podSelector", "port: 6222\n      protocol: TCP\n  - {}\n  podSelector", "another namespace can reach nats at TCP 6222"},
		"EventsWithoutAnEnd":                 {"prod", "ACTIONPLANE_EVENTS_MAX_BYTES: \"10737418240\"", "ACTIONPLANE_EVENTS_MAX_BYTES: \"0\"", "ACTIONPLANE_EVENTS_MAX_BYTES is not set"},
		"EventsWithoutAnEndElsewhere":        {"managed", "ACTIONPLANE_EVENTS_MAX_BYTES: \"4294967296\"", "ACTIONPLANE_EVENTS_MAX_AGE: 24h", "ACTIONPLANE_EVENTS_MAX_BYTES is not set"},
		"NoBackup":                           {"prod", "kind: CronJob\nmetadata:\n  labels:\n    app.kubernetes.io/name: backup\n    app.kubernetes.io/part-of: actionplane\n  name: backup", "kind: CronJob\nmetadata:\n  name: bakup", "there is no CronJob backup"},
		"ABackupBesideAnother":               {"managed", "concurrencyPolicy: Forbid", "concurrencyPolicy: Allow", "CronJob backup: may run beside itself"},
		"ABackupWithoutAnEnd":                {"prod", "activeDeadlineSeconds: 21600", "completions: 1", "CronJob backup: may try for ever"},
		"ABackupThatNobodyAskedFor":          {"prod", "suspend: true", "suspend: false", "before anybody has said where"},
		"ABackupWithoutStreams":              {"prod", "name: NATS_URL\n              valueFrom:\n                secretKeyRef:\n                  key: url\n                  name: actionplane-nats\n            - name: ACTIONPLANE_MASTER_KEY", "name: NATS\n              value: none\n            - name: ACTIONPLANE_MASTER_KEY", "CronJob backup: NATS_URL is not set"},
		"ABackupWithoutOldOnes":              {"prod", "name: KEEP", "name: KEEPS", "CronJob backup: KEEP is not set"},
		"ABackupThatReachesNoStream":         {"prod", "actionplane.dev/nats: client\n            actionplane.dev/postgres: client\n            app.kubernetes.io/name: backup", "actionplane.dev/postgres: client\n            app.kubernetes.io/name: backup", "backup cannot reach nats at TCP 4222"},
		"ABackupThatReachesNoSchema":         {"managed", "actionplane.dev/postgres: client\n            app.kubernetes.io/name: backup", "app.kubernetes.io/name: backup", "backup cannot reach 10.1.2.3 at TCP 5432"},
		"ABackupThatReachesMore":             {"prod", "actionplane.dev/nats: client\n            actionplane.dev/postgres: client\n            app.kubernetes.io/name: backup", "actionplane.dev/internet: client\n            actionplane.dev/nats: client\n            actionplane.dev/postgres: client\n            app.kubernetes.io/name: backup", "backup can reach 93.184.216.34 at TCP 443"},
		"ABackupThatGoesWithItsPod":          {"prod", "persistentVolumeClaim:\n              claimName: backups", "emptyDir:\n              sizeLimit: 1Gi", "/backups is not on a volume that stays"},
		"ABackupOntoNoClaim":                 {"prod", "claimName: backups", "claimName: backup", "there is no PersistentVolumeClaim backup"},
		"ABackupByAScriptThatIsNotThere":     {"prod", "backup/backup.sh", "backup/bakup.sh", "no such file"},
		"ABackupWhereItsImageHasNone":        {"prod", "/usr/local/lib/actionplane/backup/backup.sh", "/backup/backup.sh", "does not put deploy/backup into /backup"},
		"ABackupThatMayDoAnything":           {"prod", "readOnlyRootFilesystem: true\n            volumeMounts:\n            - mountPath: /backups", "readOnlyRootFilesystem: false\n            volumeMounts:\n            - mountPath: /backups", "CronJob backup: container backup: may write to its image"},
		"AStoreThatAnotherNamespaceMayReach": {"dev", "matchLabels:\n          actionplane.dev/postgres: client\n    ports", "matchLabels:\n          actionplane.dev/postgres: client\n    - namespaceSelector: {}\n    ports", "another namespace can reach postgres at TCP 5432"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := render(root, b.overlay)
			if err != nil {
				t.Fatal(err)
			}
			broken, err := parse(b.overlay, b.in(t, string(o.text)))
			if err != nil {
				wantFinding(t, []string{err.Error()}, b.finding)
				return
			}
			wantFinding(t, broken.check(h), b.finding)
		})
	}
}

// TestADatabaseThatIsNotSavedIsFound: the URLs are the operator's, so what is
// held to be one database is the list of what they look like.
func TestADatabaseThatIsNotSavedIsFound(t *testing.T) {
	t.Parallel()
	h, err := readHouse(root)
	if err != nil {
		t.Fatal(err)
	}
	o, err := render(root, "prod")
	if err != nil {
		t.Fatal(err)
	}
	h.documented["actionplane-database"]["dispatch"] = "postgres://dispatch:<password>@<another>:5432/actionplane"
	wantFinding(t, o.check(h), "saves host:5432/actionplane, and dispatch has another:5432/actionplane")
}

// in returns a text with the breach in it.
func (b breach) in(t *testing.T, text string) []byte {
	t.Helper()
	if !strings.Contains(text, b.old) {
		t.Fatalf("%q is not in it", b.old)
	}
	return []byte(strings.Replace(text, b.old, b.now, 1))
}

func wantFinding(t *testing.T, findings []string, part string) {
	t.Helper()
	if !slices.ContainsFunc(findings, func(f string) bool { return strings.Contains(f, part) }) {
		t.Errorf("%q is not in\n%s", part, strings.Join(findings, "\n"))
	}
}

func TestBreachesOfComposeAreFound(t *testing.T) {
	t.Parallel()
	h, err := readHouse(root)
	if err != nil {
		t.Fatal(err)
	}
	overlays, err := renderAll(root)
	if err != nil {
		t.Fatal(err)
	}
	connections := mostConnections(h, overlays)
	text := read(t, composeFile)
	for name, b := range map[string]breach{
		"AFieldThatComposeDoesNotHave":   {"", "restart: unless-stopped", "restrt: unless-stopped", "restrt"},
		"AVariableThatIsNotDocumented":   {"", "${REDIS_PASSWORD:", "${REDIS_PASS:", "required variable REDIS_PASS is missing"},
		"AServiceThatIsMissing":          {"", "\n  targets:\n", "\n  other:\n", "builds [access actions approvals dispatch executions gateway other scripts]"},
		"AnImageThatMayChange":           {"", "image: nats:2.12.8-alpine", "image: nats", "service nats: its image is not pinned"},
		"AFileThatIsNotThere":            {"", "./deploy/nats/nats.conf", "./deploy/nats/nats.cnf", "there is no nats.cnf"},
		"AVariableThatNobodyReads":       {"", "ACTIONPLANE_LOG_LEVEL: $", "ACTIONPLANE_LOGLEVEL: $", "nobody reads ACTIONPLANE_LOGLEVEL"},
		"ADatabaseThatIsMissing":         {"", "DATABASE_URL:", "OTEL_DATABASE:", "DATABASE_URL is not set"},
		"AContainerThatMayDoAnything":    {"", "cap_drop: [ALL]", "cap_drop: []", "may do more than it needs"},
		"AKillBeforeTheEnd":              {"", "stop_grace_period: 40s", "stop_grace_period: 20s", "is killed before"},
		"APortForEverybody":              {"", `"127.0.0.1:4222:4222"`, `"4222:4222"`, "publishes a port beyond this machine"},
		"APostgresOfTooFewConnections":   {"", "max_connections=300", "max_connections=260", "service postgres: takes 260 connections, while services may open 258 and 20 are for tools"},
		"NobodyWaitsForWhatIsNotHealthy": {"", "nats: { condition: service_healthy }", "nats: { condition: service_started }", "does not wait until nats is healthy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings, err := checkCompose(t.Context(), h, b.in(t, text), connections)
			if err != nil {
				t.Fatal(err)
			}
			wantFinding(t, findings, b.finding)
		})
	}
}

// TestBreachesOfConnectionsAreFound: what one overlay opens, the Postgres of
// another has to take.
func TestBreachesOfConnectionsAreFound(t *testing.T) {
	t.Parallel()
	h, err := readHouse(root)
	if err != nil {
		t.Fatal(err)
	}
	dev, err := render(root, "dev")
	if err != nil {
		t.Fatal(err)
	}
	prod, err := render(root, "prod")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]breach{
		"APostgresOfTooFew":            {"dev", "max_connections=300", "max_connections=200", "dev: StatefulSet postgres: takes 200 connections, while services may open 258"},
		"APostgresThatIsNotTold":       {"dev", "- max_connections=300", "- work_mem=8MB", "takes 100 connections"},
		"AnAutoscalerThatGoesFurther":  {"prod", "maxReplicas: 12", "maxReplicas: 24", "services may open 330"},
		"MoreReplicas":                 {"prod", "replicas: 2", "replicas: 20", "services may open 366"},
		"MoreWhileItIsUpdated":         {"prod", "maxSurge: 1", "maxSurge: 500%", "services may open 312"},
		"MoreConnectionsOfEachProcess": {"prod", "ACTIONPLANE_GC_MEMORY: \"208\"", "ACTIONPLANE_DATABASE_CONNECTIONS: \"8\"", "services may open 344"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overlays := map[string]*overlay{"dev": dev, "prod": prod}
			broken, err := parse(b.overlay, b.in(t, string(overlays[b.overlay].text)))
			if err != nil {
				t.Fatal(err)
			}
			overlays[b.overlay] = broken
			wantFinding(t, checkConnections(h, []*overlay{overlays["dev"], overlays["prod"]}), b.finding)
		})
	}
}

func TestBreachesOfTheStoreOfNATSAreFound(t *testing.T) {
	t.Parallel()
	h, err := readHouse(root)
	if err != nil {
		t.Fatal(err)
	}
	o, err := render(root, "prod")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]breach{
		"EventsThatTakeAllOfIt":     {"prod", "ACTIONPLANE_EVENTS_MAX_BYTES: \"10737418240\"", "ACTIONPLANE_EVENTS_MAX_BYTES: \"17179869184\"", "no room for the other streams"},
		"AStoreAsLargeAsItsVolume":  {"prod", "value: 16GB", "value: 20GB", "no room for the logs of the cluster"},
		"AVolumeThatIsSmaller":      {"prod", "storage: 20Gi", "storage: 10Gi", "no room for the logs of the cluster"},
		"AStoreOfAsMuchAsThereIs":   {"prod", "max_file_store: $NATS_STORE", "", "has no max_file_store"},
		"AStoreThatIsNoNumber":      {"prod", "value: 16GB", "value: plenty", "max_file_store"},
		"AStoreThatIsNotSaidToNode": {"prod", "name: NATS_STORE", "name: NATS_SPACE", "NATS_STORE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken, err := parse(b.overlay, b.in(t, string(o.text)))
			if err != nil {
				t.Fatal(err)
			}
			findings, err := checkNATS(h, []*overlay{broken})
			if err != nil {
				t.Fatal(err)
			}
			wantFinding(t, findings, b.finding)
		})
	}
}

// TestBreachesOfSkaffoldAreFound is not parallel, as TestTheRepositoryIsSound.
func TestBreachesOfSkaffoldAreFound(t *testing.T) {
	h, err := readHouse(root)
	if err != nil {
		t.Fatal(err)
	}
	overlays, err := renderAll(root)
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, skaffoldFile)
	for name, b := range map[string]breach{
		"AFieldThatSkaffoldDoesNotHave": {"", "tagPolicy:", "tagPolitics:", "tagPolitics"},
		"TwoOfWhatMayBeOne":             {"", "gitCommit: {}", "gitCommit: {}\n    sha256: {}", "only one element in set"},
		"AnotherVersion":                {"", "skaffold/v4beta13", "skaffold/v4beta12", "another version"},
		"AnArtifactThatIsMissing":       {"", "image: actionplane/targets", "image: actionplane/other", "builds [access actions approvals dispatch executions gateway other scripts]"},
		"AnotherService":                {"", "SERVICE: targets", "SERVICE: gateway", "actionplane/targets is built of another service"},
		"ADockerfileThatIsNotThere":     {"", "deploy/docker/service.Dockerfile", "deploy/docker/other.Dockerfile", "no such file"},
		"AnOverlayThatIsNotThere":       {"", "paths: [deploy/k8s/overlays/dev]", "paths: [deploy/k8s/overlays/development]", "there is no deploy/k8s/overlays/development"},
		"APortThatIsNotThere":           {"", "port: 80,", "port: 81,", "forwards gateway 81"},
		"AProfileThatIsMissing":         {"", "- name: debug", "- name: debugging", "has the profiles [dev debugging allinone]"},
	} {
		t.Run(name, func(t *testing.T) {
			wantFinding(t, checkSkaffold(h, b.in(t, text), overlays), b.finding)
		})
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(root + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
