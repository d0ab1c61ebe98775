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

func TestStartedWhen(t *testing.T) {
	for name, tt := range map[string]struct {
		job  ciyaml.Job
		want string
	}{
		"keyword":          {ciyaml.Job{When: "manual"}, "manual"},
		"rules_win":        {ciyaml.Job{When: "manual", Rules: []ciyaml.Rule{{When: "never"}, {When: "always"}}}, ""},
		"rule_takes_it":    {ciyaml.Job{When: "manual", Rules: []ciyaml.Rule{{If: "$X"}}}, "manual"},
		"all_never":        {ciyaml.Job{Rules: []ciyaml.Rule{{When: "never"}, {When: "never"}}}, "never"},
		"manual_or_never":  {ciyaml.Job{Rules: []ciyaml.Rule{{When: "never"}, {When: "manual"}}}, "manual"},
		"one_by_itself":    {ciyaml.Job{Rules: []ciyaml.Rule{{When: "manual"}, {If: "$X"}}}, ""},
		"nothing_is_asked": {ciyaml.Job{}, ""},
	} {
		if got := startedWhen(tt.job); got != tt.want {
			t.Errorf("%s: startedWhen = %q, want %q", name, got, tt.want)
		}
	}
}
