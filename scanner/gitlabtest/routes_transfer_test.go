package gitlabtest

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// TestTransfers: who is moved keeps its number, what names it follows, old paths lead on, and nobody moves what he may not.
func TestTransfers(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	runVerbs(t, s, []verb{
		{"by_a_maintainer", "maintainer-write", "PUT projects/1000/transfer", "namespace=acme", 403, "", "", ""},
		{"into_nothing", "group-owner-write", "PUT projects/1000/transfer", "namespace=nope", 404, "", "", ""},
		{"into_where_it_is", "group-owner-write", "PUT projects/1000/transfer", "namespace=acme/shop", 400, "", "", ""},
		{"project", "group-owner-write", "PUT projects/1000/transfer", "namespace=acme", 200, "project_namespace_updated", "projects/acme%2Fcart", `"id":1000,`},
		{"keeps_its_code", "group-owner-write", "PUT projects/1000", "description=moved", 200, "", "projects/acme%2Fcart/repository/files/README.md/raw", "#"},
		{"keeps_its_runner", "group-owner-write", "PUT projects/1000", "description=moved", 200, "", "projects/1000/runners", "under the desk"},
		{"keeps_its_forks", "group-owner-write", "PUT projects/1000", "description=moved", 200, "", "projects/1000/forks", "["},
		{"its_events_are_found", "group-owner-write", "PUT projects/1000", "description=moved", 200, "", "projects/1000/audit_events", "project_namespace_updated"},
		{"group_below_itself", "group-owner-write", "POST groups/100/transfer", "group_id=101", 400, "", "", ""},
		{"group_where_it_is", "group-owner-write", "POST groups/101/transfer", "group_id=100", 400, "", "", ""},
		{"group_into_another", "outsider", "POST groups/101/transfer", "group_id=103", 404, "", "", ""},
		{"group_to_the_top", "group-owner-write", "POST groups/101/transfer", "", 201, "", "groups/shop", `"parent_id":null`},
		{"what_lies_below_follows", "group-owner-write", "PUT groups/101", "description=moved", 200, "", "groups/shop%2Ftools", `"id":102,`},
		{"group_renamed", "admin-write", "PUT groups/101", "path=store", 200, "group_path_updated", "groups/store%2Ftools", `"id":102,`},
		{"group_renamed_to_another", "admin-write", "PUT groups/101", "path=acme", 400, "", "", ""},
		{"project_by_an_administrator", "admin-write", "POST groups/102/projects/1000", "", 201, "project_namespace_updated", "projects/store%2Ftools%2Fcart", `"id":1000,`},
	})
	for _, old := range []string{"projects/acme%2Fshop%2Fcart", "projects/acme%2Fcart", "groups/acme%2Fshop", "groups/shop%2Ftools"} {
		if w := get(t, s, "admin", old); w.Code != http.StatusMovedPermanently {
			t.Errorf("GET %s = %d, want 301", old, w.Code)
		}
	}
	if w := get(t, s, "maintainer", "projects/store%2Ftools%2Fcart"); w.Code != http.StatusOK {
		t.Errorf("the project's own member gets %d", w.Code)
	}
	if body := get(t, s, "admin", "projects/1000/transfer_locations?search=acme").Body.String(); !strings.Contains(body, `"full_path":"acme"`) {
		t.Errorf("transfer_locations = %s", body)
	}
	base, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	remote := strings.Replace(base, "://", "://oauth2:"+s.Token("admin-write")+"@", 1)
	for _, path := range []string{"/store/tools/cart.git", "/acme/shop/cart.git"} {
		if out, err := exec.Command("git", "-c", "http.proxy=", "ls-remote", remote+path, "HEAD").CombinedOutput(); err != nil {
			t.Errorf("git ls-remote %s: %v %s", path, err, out)
		}
	}
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}
