package scanner

import (
	"slices"
	"strings"
	"testing"

	"nhiscan/inventory"
	"nhiscan/scanner/gitlabtest"
)

func TestSnippet(t *testing.T) { golden(t, "snippet", snippet) }
func TestRelease(t *testing.T) { golden(t, "release", release) }

func TestWikiGolden(t *testing.T) {
	if testing.Short() {
		t.Skip("clones wikis in every role")
	}
	goldenFrom(t, "wiki", setup{Git: &clones{}}, wiki)
}

func TestJobLog(t *testing.T) {
	for logs, want := range map[int]struct{ requests, places int }{0: {0, 0}, 1: {1, 0}, 50: {2, 1}} { // the latest job wrote nothing
		s := setup{Sources: []Source{jobLog}, Run: func(o *Options) { o.Logs = logs }}.scan(t)
		if s.Err != nil {
			t.Fatal(s.Err)
		}
		requests := 0
		for _, r := range s.Server.Requests() {
			if strings.HasSuffix(r.Path, "/trace") {
				requests++
			}
		}
		places := s.surface(inventory.SurfaceLog)
		if requests != want.requests || len(places) != want.places || len(places) > 0 && places[0].Line != 2 {
			t.Errorf("--logs %d: %d logs asked for, places %+v; want %+v, in line 2", logs, requests, places, want)
		}
	}
}

func (s *scanned) surface(name string) []inventory.Location {
	var out []inventory.Location
	for _, o := range mergeVisits(s.visits, func(inventory.Visit) bool { return true }) {
		if l, ok := o.(inventory.Location); ok && l.Surface == name {
			out = append(out, l)
		}
	}
	return out
}

// TestOneSecretAllPlaces: one value in a wiki's history, in a file that a release gives away, and in the code's
// history is one fingerprint.
func TestOneSecretAllPlaces(t *testing.T) {
	s := setup{Role: "maintainer", Git: newClones(t), Sources: []Source{repositorySource, wiki, release}}.scan(t)
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	surfaces := map[string][]string{}
	for _, o := range mergeVisits(s.visits, func(inventory.Visit) bool { return true }) {
		if l, ok := o.(inventory.Location); ok && l.Fingerprint != "" {
			surfaces[l.Fingerprint] = append(surfaces[l.Fingerprint], l.Surface)
		}
	}
	for _, list := range surfaces {
		slices.Sort(list)
		if slices.Equal(list, []string{"history", "release", "wiki"}) {
			return
		}
	}
	t.Errorf("no fingerprint joins code, wiki and release: %v", surfaces)
}

func TestReleaseAssetElsewhere(t *testing.T) {
	s := setup{Sources: []Source{release}, Change: func(w *gitlabtest.World) {
		for _, p := range w.Projects {
			for _, r := range p.Releases {
				for _, l := range r.Links {
					l.Package, l.URL = "", "https://other.example/api/v4/projects/1000/packages/generic/cart/1.0/settings.env"
				}
			}
		}
	}}.scan(t)
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	for _, r := range s.Server.Requests() {
		if strings.Contains(r.Path, "/packages/") {
			t.Errorf("an asset on another host was asked for here: %s", r.Path)
		}
	}
}

func TestPackagePath(t *testing.T) {
	s := setup{}.scan(t)
	v := &Visit{Home: inventory.Home{Kind: inventory.ProjectHome, Number: 7}, run: &run{client: s.Client}}
	base := s.Client.URL()
	for name, tt := range map[string]struct{ url, want string }{
		"own_package":     {base + "/api/v4/projects/7/packages/generic/a/1/f.txt", "projects/7/packages/generic/a/1/f.txt"},
		"other_project":   {base + "/api/v4/projects/8/packages/generic/a/1/f.txt", ""},
		"other_host":      {"https://x.example/api/v4/projects/7/packages/generic/a/1/f.txt", ""},
		"climbing":        {base + "/api/v4/projects/7/packages/generic/../../../8/x", ""},
		"climbing_hidden": {base + "/api/v4/projects/7/packages/generic/%2e%2e/%2e%2e/x", ""},
		"page":            {base + "/shop/-/releases", ""},
		"no_url":          {"::", ""},
	} {
		if got, _ := v.packagePath(tt.url); got != tt.want {
			t.Errorf("%s: packagePath(%q) = %q, want %q", name, tt.url, got, tt.want)
		}
	}
}
