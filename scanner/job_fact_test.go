package scanner

import (
	"testing"

	"nhiscan/scanner/ciyaml"
)

func TestPinned(t *testing.T) {
	j := ciyaml.Job{
		Variables: []ciyaml.Variable{{Name: "DIGEST", Value: "sha256:00"}, {Name: "IMAGE", Value: "node@$DIGEST"}, {Name: "TAG", Value: "22@sha256:00"}},
		Globals:   []ciyaml.Variable{{Name: "DIGEST", Value: "none"}, {Name: "LOOP", Value: "$LOOP/x"}},
	}
	for image, want := range map[string]string{
		"node": "false", "node:22": "false", "node:22@sha256:00": "true", "": "", "$OTHER": "", "$CI_REGISTRY_IMAGE/build:latest": "false",
		"node@$OTHER": "", "node@$DIGEST": "true", "$IMAGE": "true", "node:$TAG": "true", "node:$OTHER": "false", "registry.example:5000/${OTHER}": "false",
		"$LOOP": "false",
	} {
		if got := pinned(expanded(j, image)); got != want {
			t.Errorf("pinned(%q) = %q, want %q", image, got, want)
		}
	}
}
