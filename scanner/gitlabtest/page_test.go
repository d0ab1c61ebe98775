package gitlabtest

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// bigWorld has n public projects and one user who reads them.
func bigWorld(n int) *World {
	w := &World{Name: "big", Now: Time{}, Users: []*User{{Username: "reader", AccessTokens: []*AccessToken{
		{Label: "reader", Name: "reader", Scopes: []string{"read_api"}}}}}, Groups: []*Group{{Path: "g", Visibility: "public"}}}
	for i := range n {
		w.Projects = append(w.Projects, &Project{Path: fmt.Sprintf("g/p%05d", i), Visibility: "public"})
	}
	return w
}

func bigServer(t testing.TB, n int, faults ...Fault) *Server {
	t.Helper()
	w := bigWorld(n)
	w.Now = smallWorld(t).Now
	s, err := New(w, Options{Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ids(rows []map[string]any) []int {
	var out []int
	for _, r := range rows {
		out = append(out, int(r["id"].(float64)))
	}
	return out
}

func linkTo(w *httptest.ResponseRecorder, rel string) string {
	m := regexp.MustCompile(`<http://example\.com/api/v4/([^>]*)>; rel="` + rel + `"`).FindStringSubmatch(w.Header().Get("Link"))
	if m == nil {
		return ""
	}
	return m[1]
}

func TestOffsetHeaders(t *testing.T) {
	s := bigServer(t, 45)
	w := get(t, s, "reader", "projects?order_by=id&sort=asc&page=2")
	want := map[string]string{"X-Page": "2", "X-Per-Page": "20", "X-Next-Page": "3", "X-Prev-Page": "1", "X-Total": "45", "X-Total-Pages": "3"}
	for k, v := range want {
		if got := w.Header().Get(k); got != v {
			t.Errorf("%s = %q, want %q", k, got, v)
		}
	}
	if got := ids(list(t, w)); got[0] != 21 || got[19] != 40 {
		t.Errorf("page 2 holds %v", got)
	}
	for rel, page := range map[string]string{"prev": "1", "next": "3", "first": "1", "last": "3"} {
		if l := linkTo(w, rel); !strings.Contains(l, "page="+page+"&") {
			t.Errorf("Link %s = %q, want page %s", rel, l, page)
		}
	}
	last := get(t, s, "reader", "projects?page=3")
	if h, ok := last.Header()["X-Next-Page"]; !ok || h[0] != "" || linkTo(last, "next") != "" {
		t.Errorf("last page: X-Next-Page %q, Link %q", h, last.Header().Get("Link"))
	}
	if n := len(list(t, get(t, s, "reader", "projects?page=9"))); n != 0 {
		t.Errorf("a page behind the end has %d rows", n)
	}
}

func TestTooManyRowsAreNotCounted(t *testing.T) {
	s := bigServer(t, 10_001)
	w := get(t, s, "reader", "projects?per_page=100")
	if w.Header().Get("X-Total") != "" || w.Header().Get("X-Total-Pages") != "" || linkTo(w, "last") != "" || linkTo(w, "next") == "" {
		t.Errorf("above 10,000 rows: %v", w.Header())
	}
	if w := get(t, s, "reader", "projects?per_page=100&page=501"); w.Code != 405 || !strings.Contains(w.Body.String(), "maximum allowed offset of 50000") {
		t.Errorf("offset 50,000 = %d %s", w.Code, w.Body)
	}
	if w := get(t, s, "reader", "projects?per_page=100&page=500"); w.Code != 200 {
		t.Errorf("offset 49,900 = %d", w.Code)
	}
}

func TestPageParameters(t *testing.T) {
	s := bigServer(t, 3)
	for path, want := range map[string]int{
		"projects?per_page=0": 400, "projects?per_page=x": 400, "projects?page=x": 400, "projects?page=0": 200,
		"projects?per_page=1000": 200, "projects?per_page=&page=": 200, "projects?order_by=colour": 400, "projects?pagination=keyset": 405,
		"projects?pagination=keyset&order_by=id&cursor=%21": 400, "groups/g/projects?pagination=keyset": 200,
	} {
		if w := get(t, s, "reader", path); w.Code != want {
			t.Errorf("GET %s = %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
}

// follow reads a list to its end by Link rel=next.
func follow(t testing.TB, s *Server, path string, after func()) []int {
	t.Helper()
	var all []int
	for range 1000 {
		w := get(t, s, "reader", path)
		all = append(all, ids(list(t, w))...)
		if path = linkTo(w, "next"); path == "" {
			return all
		}
		after()
	}
	t.Fatal("the list does not end")
	return nil
}

// TestPageSizeChangesNothing: whatever the page size and the way of paging, the rows are the same.
func TestPageSizeChangesNothing(t *testing.T) {
	s := bigServer(t, 57)
	want := follow(t, s, "projects?per_page=100&order_by=id&sort=asc", func() {})
	rapid.Check(t, func(r *rapid.T) {
		per := rapid.IntRange(1, 100).Draw(r, "per_page")
		mode := rapid.SampledFrom([]string{"", "&pagination=keyset"}).Draw(r, "mode")
		got := follow(t, s, fmt.Sprintf("projects?per_page=%d&order_by=id&sort=asc%s", per, mode), func() {})
		if !slices.Equal(got, want) {
			r.Fatalf("per_page=%d%s gives %v", per, mode, got)
		}
	})
}

func TestKeysetHasOnlyNext(t *testing.T) {
	s := bigServer(t, 5)
	w := get(t, s, "reader", "projects?pagination=keyset&order_by=id&sort=asc&per_page=5")
	if w.Header().Get("Link") != "" || w.Header().Get("X-Page") != "" || w.Header().Get("X-Total") != "" {
		t.Errorf("keyset, last page: %v", w.Header())
	}
}

// TestKeysetSurvivesDeletion: rows that go while the list is read neither skip nor repeat others.
func TestKeysetSurvivesDeletion(t *testing.T) {
	s := bigServer(t, 9)
	gone := 1
	got := follow(t, s, "projects?pagination=keyset&order_by=id&sort=asc&per_page=3", func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.st.removeProject(s.st.projects[int64(gone)])
		gone++
	})
	if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(got, want) {
		t.Errorf("keyset over a shrinking list = %v, want %v", got, want)
	}
}
