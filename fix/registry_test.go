package fix

import (
	"strings"
	"testing"

	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/workload"
)

func TestRegistryOf(t *testing.T) {
	for script, want := range map[string]string{
		"docker login -u _json_key --password-stdin europe-docker.pkg.dev": "registry of Google Cloud",
		"docker login -u $U -p $P shop.azurecr.io":                         "registry of Azure",
		"docker login -u $U -p $P ghcr.io":                                 "registry of GitHub",
		"docker login -u $U -p $P quay.io":                                 "Quay",
		"docker login -u $U -p $P shop.jfrog.io":                           "Artifactory",
		"docker login -u $U -p $P harbor.shop.example":                     "Harbor",
		"docker login -u $U -p $P registry.shop.example":                   "this registry is not known",
		"docker login -u $U -p $P notquay.iot.example":                     "this registry is not known",
	} {
		u := use{job: ciyaml.Job{Script: []ciyaml.Command{{Text: script}}}, Use: workload.Use{System: "registry-other"}}
		f := &fixing{uses: []use{u, u}}
		steps := f.renewal()
		if got := otherRegistry(u).Error(); !strings.HasPrefix(strings.TrimPrefix(got, "the "), want) {
			t.Errorf("%q: %q, want one that begins with %q", script, got, want)
		}
		cloud := strings.Contains(want, "Google") || strings.Contains(want, "Azure")
		if (len(steps) == 0) != cloud {
			t.Errorf("%q: %d steps", script, len(steps))
		}
		for i, s := range steps[:max(len(steps)-1, 0)] {
			if s.Text == steps[i+1].Text {
				t.Errorf("%q: a step stands twice: %s", script, s.Text)
			}
		}
	}
}
