package fix

import (
	"strings"
	"testing"

	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/workload"
)

func TestRegistryOf(t *testing.T) {
	for script, want := range map[string]string{
		"docker login -u $U -p $P europe-docker.pkg.dev":                           "",
		"docker login -u $U -p $P shop.azurecr.io":                                 "",
		"docker login -u $U -p $P a.azurecr.io b.azurecr.io":                       "it is not seen to log in to one registry of Azure",
		"N=shop\ndocker login -u $U -p $P $N.azurecr.io":                           "its script sets N",
		"cat $P > k; scan k":                                                       "this registry is not known",
		"cat $P > k.json\nscan k.json\ndocker login -u $U --password-stdin gcr.io": "the key goes into the file k.json",
		"docker login -u $U -p $P ghcr.io":                                         "registry of GitHub",
		"docker login -u $U -p $P quay.io":                                         "Quay",
		"docker login -u $U -p $P shop.jfrog.io":                                   "Artifactory",
		"docker login -u $U -p $P harbor.shop.example":                             "Harbor",
		"docker login -u $U -p $P registry.shop.example":                           "this registry is not known",
		"docker login -u $U -p $P notquay.iot.example":                             "this registry is not known",
	} {
		u := use{job: ciyaml.Job{Script: []ciyaml.Command{{Text: script}}}, Use: workload.Use{System: "registry-other"}}
		f := &fixing{uses: []use{u, u}, names: []string{"P", "U"}, secrets: []string{"P"}}
		steps := f.renewal()
		got := ""
		if _, err := f.otherRegistry(u); err != nil {
			got = strings.TrimPrefix(err.Error(), "the ")
		}
		if got == "" && want != "" || !strings.HasPrefix(got, strings.TrimPrefix(want, "the ")) {
			t.Errorf("%q: %q, want one that begins with %q", script, got, want)
		}
		if cloud := registryOf(u).login != nil; (len(steps) == 0) != cloud {
			t.Errorf("%q: %d steps", script, len(steps))
		}
		for i, s := range steps[:max(len(steps)-1, 0)] {
			if s.Text == steps[i+1].Text {
				t.Errorf("%q: a step stands twice: %s", script, s.Text)
			}
		}
	}
}
