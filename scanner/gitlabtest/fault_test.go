package gitlabtest

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFaultAnswers(t *testing.T) {
	tests := []struct {
		name   string
		fault  Fault
		status int
		header map[string]string
		body   string
	}{
		{"429_with_headers", Fault{Kind: TooMany, Delay: 7 * time.Second}, 429, map[string]string{"Retry-After": "7"}, "Retry later\n"},
		{"429_bare", Fault{Kind: TooManyBare}, 429, map[string]string{"Retry-After": "", "Content-Type": "text/plain"}, "Retry later\n"},
		{"500", Fault{Kind: ServerError}, 500, nil, `{"message":"500 Internal Server Error"}`},
		{"502", Fault{Kind: ServerError, Status: 502}, 502, nil, `502`},
		{"html", Fault{Kind: HTML}, 200, map[string]string{"Content-Type": "text/html; charset=utf-8"}, "<!doctype html>"},
		{"elsewhere", Fault{Kind: Elsewhere, Target: "https://evil.example/x"}, 302, map[string]string{"Location": "https://evil.example/x"}, ""},
		{"huge", Fault{Kind: Huge, Bytes: 200_000}, 200, nil, "["},
		{"expire", Fault{Kind: ExpireToken}, 401, nil, "Token is expired"},
		{"delete_project", Fault{Kind: DeleteProject, Target: "acme/shop/cart"}, 404, nil, "404 Project Not Found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.fault.Path = "/api/v4/projects/1000"
			s := newServer(t, Options{Faults: []Fault{tt.fault}})
			if w := get(t, s, "maintainer", "user"); w.Code != 200 {
				t.Fatalf("another path = %d", w.Code)
			}
			w := get(t, s, "maintainer", "projects/1000")
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
				t.Errorf("= %d %.200s, want %d %s", w.Code, w.Body, tt.status, tt.body)
			}
			for k, v := range tt.header {
				if got := w.Header().Get(k); got != v {
					t.Errorf("%s = %q, want %q", k, got, v)
				}
			}
			if tt.fault.Kind == Huge && int64(w.Body.Len()) != tt.fault.Bytes {
				t.Errorf("%d bytes, want %d", w.Body.Len(), tt.fault.Bytes)
			}
		})
	}
}

func TestFaultCounts(t *testing.T) {
	s := newServer(t, Options{Faults: []Fault{{Kind: ServerError, Path: "/api/v4/projects/**", Query: map[string]string{"x": "1"}, After: 1, Count: 2}}})
	var got []int
	for range 5 {
		got = append(got, get(t, s, "maintainer", "projects/1000?x=1").Code)
	}
	if want := []int{200, 500, 500, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("statuses %v, want %v", got, want)
	}
	if err := s.Inject(Fault{}); err == nil {
		t.Error("a fault without a kind was taken")
	}
	if err := s.Inject(Fault{Kind: HTML}); err != nil {
		t.Fatal(err)
	}
	s.Heal()
	if w := get(t, s, "maintainer", "user"); w.Header().Get("Content-Type") != "application/json" {
		t.Error("healed server still answers HTML")
	}
}

// TestTruncated needs a real connection: the length is announced and the line cut in the middle.
func TestTruncated(t *testing.T) {
	s := newServer(t, Options{Faults: []Fault{{Kind: Truncated}}})
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(url + "/api/v4/projects/acme%2Fwebsite")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != io.ErrUnexpectedEOF || int64(len(body)) >= resp.ContentLength {
		t.Errorf("read %d of %d bytes with %v, want an unexpected end", len(body), resp.ContentLength, err)
	}
}

func TestSlowEndsWithTheCaller(t *testing.T) {
	s := newServer(t, Options{Faults: []Fault{{Kind: Slow, Delay: time.Hour}}})
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: 50 * time.Millisecond}
	if _, err := client.Get(url + "/-/health"); err == nil {
		t.Error("the answer came before its delay")
	}
	s.Heal()
	client.Timeout = 10 * time.Second
	resp, err := client.Get(url + "/-/health")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func TestDriftAndEndless(t *testing.T) {
	path := "projects?order_by=id&sort=asc&per_page=3&page=2"
	for shift, want := range map[int][]int{1: {5, 6, 7}, -1: {3, 4, 5}} {
		s := bigServer(t, 9, Fault{Kind: Drift, Shift: shift})
		if got := ids(list(t, get(t, s, "reader", path))); !slices.Equal(got, want) {
			t.Errorf("shift %d: page 2 = %v, want %v", shift, got, want)
		}
	}
	s := bigServer(t, 4, Fault{Kind: Endless})
	w := get(t, s, "reader", "projects?order_by=id&sort=asc&per_page=3&page=40")
	if len(list(t, w)) == 0 || w.Header().Get("X-Next-Page") != "41" || w.Header().Get("X-Total") != "" {
		t.Errorf("endless page 40: %v %s", w.Header(), w.Body)
	}
	w = get(t, s, "reader", "projects?order_by=id&sort=asc&per_page=4&pagination=keyset")
	for range 3 {
		next := linkTo(w, "next")
		if next == "" {
			t.Fatal("an endless keyset list ended")
		}
		if w = get(t, s, "reader", next); len(list(t, w)) == 0 {
			t.Fatal("an endless keyset list ran empty")
		}
	}
}

func TestRateLimit(t *testing.T) {
	at := smallWorld(t).Now.Time
	clock := func() time.Time { return at }
	s := newServer(t, Options{Clock: clock, RatePerSecond: 0.05})
	var got []int
	for range 4 {
		got = append(got, get(t, s, "maintainer", "user").Code)
	}
	if want := []int{200, 200, 200, 429}; !slices.Equal(got, want) {
		t.Fatalf("statuses %v, want %v", got, want)
	}
	if w := get(t, s, "developer", "user"); w.Code != 200 {
		t.Errorf("another user = %d, want 200", w.Code)
	}
	at = at.Add(20 * time.Second)
	w := get(t, s, "maintainer", "user")
	h := w.Header()
	if w.Code != 429 || w.Body.String() != "Retry later\n" || h.Get("Retry-After") != "40" || h.Get("RateLimit-Limit") != "3" ||
		h.Get("RateLimit-Remaining") != "0" || h.Get("RateLimit-Reset") != "1795334460" {
		t.Errorf("429: %v %s", h, w.Body)
	}
	at = at.Add(40 * time.Second)
	if w := get(t, s, "maintainer", "user"); w.Code != 200 {
		t.Errorf("the next window = %d, want 200", w.Code)
	}
}
