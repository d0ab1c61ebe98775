package scanner

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"nhiscan/inventory"
)

// Whatever a server answers for a list, reading it ends, soon and with a reason.
func TestListAlwaysEnds(t *testing.T) {
	page := func(w http.ResponseWriter, n int64) { asJSON(w, 200, fmt.Sprintf(`[{"id":%d}]`, n)) }
	tests := []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request, n int64)
		most   int64 // requests
	}{
		{"link_to_itself_with_other_rows", func(w http.ResponseWriter, r *http.Request, n int64) {
			w.Header().Set("Link", "<http://"+r.Host+r.URL.String()+`>; rel="next"`)
			page(w, n)
		}, 2},
		{"links_in_a_ring", func(w http.ResponseWriter, r *http.Request, n int64) {
			w.Header().Set("Link", fmt.Sprintf(`<http://%s/api/v4/projects?page=%d>; rel="next"`, r.Host, n%7))
			page(w, n)
		}, 9},
		{"next_page_stays", func(w http.ResponseWriter, _ *http.Request, n int64) {
			w.Header().Set("X-Next-Page", "2")
			page(w, n)
		}, 3},
		{"next_page_of_nonsense", func(w http.ResponseWriter, _ *http.Request, n int64) {
			w.Header().Set("X-Next-Page", "99999999999999999999999")
			page(w, n)
		}, 2},
		{"total_lies_and_changes", func(w http.ResponseWriter, _ *http.Request, n int64) {
			w.Header().Set("X-Total", fmt.Sprint(1000-n))
			page(w, n)
		}, 2},
		{"total_is_negative", func(w http.ResponseWriter, _ *http.Request, n int64) {
			w.Header().Set("X-Total", "-5")
			page(w, n)
		}, 2},
		{"link_with_user_info", func(w http.ResponseWriter, r *http.Request, n int64) {
			w.Header().Set("Link", `<http://eve:EXAMPLE@`+r.Host+`/api/v4/projects?page=2>; rel="next"`)
			page(w, n)
		}, 2},
		{"link_out_of_the_api", func(w http.ResponseWriter, r *http.Request, n int64) {
			w.Header().Set("Link", `<http://`+r.Host+`/-/elsewhere?page=2>; rel="next"`)
			page(w, n)
		}, 1},
		{"link_of_control_characters", func(w http.ResponseWriter, _ *http.Request, n int64) {
			w.Header()["Link"] = []string{"<http://x\x7f/%zz>; rel=\"next\", <>; rel=next, ;;;,<"}
			page(w, n)
		}, maxTries},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var n atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tt.answer(w, r, n.Add(1)) }))
			defer s.Close()
			v := visitOf(t, s.URL)
			rows := 0
			for range pages[idJSON](t.Context(), v, "projects") {
				rows++
			}
			if n.Load() > tt.most {
				t.Errorf("%d requests, want at most %d", n.Load(), tt.most)
			}
		})
	}
}

// GraphQL pages without rows but with ever new cursors end as well.
func TestGraphQLAlwaysEnds(t *testing.T) {
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn := fmt.Sprintf(`{"nodes":[],"pageInfo":{"hasNextPage":true,"endCursor":"%d"}}`, n.Add(1))
		asJSON(w, 200, `{"data":{"project":{"environments":`+conn+`,"runners":`+conn+`}}}`)
	}))
	defer s.Close()
	v := visitOf(t, s.URL)
	first := &list[graphEnvironment]{}
	first.Page.More, first.Page.End = true, "0"
	_, err := rest(t.Context(), v, "environments", first, func(g *projectGraphJSON) *list[graphEnvironment] { return g.Environments })
	var state *stateError
	if !errors.As(err, &state) || state.state != inventory.Partial {
		t.Errorf("rest = %v, want partial", err)
	}
	if n.Load() > maxGraphPages {
		t.Errorf("%d requests, want at most %d", n.Load(), maxGraphPages)
	}
	if _, err := graphRunners(t.Context(), v, "query runners($path:ID!){}"); !errors.As(err, &state) || state.state != inventory.Partial {
		t.Errorf("graphRunners = %v, want partial", err)
	}
}

// Small answers that grow when they are unpacked or decoded are refused before they do.
func TestClientRefusesBombs(t *testing.T) {
	tests := []struct {
		name   string
		answer func(w http.ResponseWriter)
	}{
		{"gzip", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // a level that there is
			defer z.Close()
			blanks := []byte(strings.Repeat(" ", 1<<20))
			for range maxAnswer>>20 + 1 {
				if _, err := z.Write(blanks); err != nil {
					return
				}
			}
		}},
		{"many_empty_objects", func(w http.ResponseWriter) { asJSON(w, 200, "["+strings.Repeat("{},", 1<<20)+"{}]") }},
		{"deep", func(w http.ResponseWriter) {
			asJSON(w, 200, strings.Repeat("[", 1<<20)+strings.Repeat("]", 1<<20))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := answered(t, func(w http.ResponseWriter, _ *http.Request) { tt.answer(w) }, nil)
			_, err := c.get(t.Context(), "projects")
			var api *APIError
			if !errors.As(err, &api) || api.Kind != tooLarge {
				t.Errorf("get = %v, want a refusal for its size", err)
			}
		})
	}
}

// A string full of what looks like structure is one value.
func TestValuesCountsOutsideStrings(t *testing.T) {
	for text, want := range map[string]int{
		`{"merged_yaml":"a: [1,2,{}]\",,,\\"}`: 1, `[1,2,3]`: 3, `"x`: 0, `"\`: 0, ``: 0, `[{"a":[]},{}]`: 5,
	} {
		if got := values([]byte(text)); got != want {
			t.Errorf("values(%s) = %d, want %d", text, got, want)
		}
	}
}

// What a server says in its errors is shown as one plain line, without our token sent back.
func TestErrorsAreMasked(t *testing.T) {
	echo := "\x1b]0;x\x07\u202e\u009b31m" + testToken + "\r\nnhi-scan: done" + strings.Repeat("é", 5000)
	quoted, _ := json.Marshal(echo)
	tests := map[string]http.HandlerFunc{
		"message": func(w http.ResponseWriter, _ *http.Request) { asJSON(w, 400, `{"message":`+string(quoted)+`}`) },
		"scope": func(w http.ResponseWriter, _ *http.Request) {
			asJSON(w, 403, `{"error":"insufficient_scope","scope":`+string(quoted)+`}`)
		},
		"not_found": func(w http.ResponseWriter, _ *http.Request) { asJSON(w, 404, `{"message":`+string(quoted)+`}`) },
		"plain":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); _, _ = w.Write([]byte(echo)) },
		"content_type": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/"+testToken)
			w.WriteHeader(200)
		},
		"redirect": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://"+testToken+"\u202e.example/")
			w.WriteHeader(302)
		},
		"bad_redirect": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://"+testToken+"%zz/")
			w.WriteHeader(302)
		},
		"moved": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "//"+testToken+"@127.0.0.1:1/")
			w.WriteHeader(301)
		},
	}
	for name, handler := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := answered(t, handler, nil)
			_, err := c.get(t.Context(), "projects")
			if err == nil {
				t.Fatal("get succeeded")
			}
			var api *APIError
			text := err.Error()
			if errors.As(err, &api) {
				text += api.Scopes
			}
			if strings.Contains(text, testToken) || len(text) > 1000 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("error is %q", text)
			}
		})
	}
}

// The token goes to the origin alone: no other scheme, port, spelling or user.
func TestRedirectsStayOnTheOrigin(t *testing.T) {
	var stray atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stray.Add(1) }))
	defer other.Close()
	for _, target := range []string{
		other.URL + "/api/v4/projects", "//" + strings.TrimPrefix(other.URL, "http://"), "https://HOST/api/v4/projects", "http://HOST.evil.example/",
		"http://HOST@" + strings.TrimPrefix(other.URL, "http://") + "/", "ftp://HOST/", "file:///etc/passwd", "http://[::1]:1/", `http:\\\\evil.example\`,
	} {
		c, _ := answered(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", strings.ReplaceAll(target, "HOST", r.Host))
			w.Header().Set("Set-Cookie", "a=b")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, nil)
		if _, err := c.post(t.Context(), "admin/token", map[string]string{"token": "EXAMPLE"}); err == nil {
			t.Errorf("a redirect to %s was followed", target)
		}
	}
	if stray.Load() != 0 {
		t.Errorf("%d requests reached another host", stray.Load())
	}
}

// A server that keeps a connection open without end costs the time-out.
func TestSlowBodyEnds(t *testing.T) {
	c, _ := answered(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte(" ")); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}, func(o *ClientOptions) { o.Timeout = 50 * time.Millisecond })
	began := time.Now()
	if _, err := c.get(t.Context(), "projects"); err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("get = %v after %s, want an error within %d time-outs", err, time.Since(began), maxTries)
	}
}

// No wait that a server asks for is longer than ours, or negative.
func TestLimitWaitIsBounded(t *testing.T) {
	c := testClient(t, "http://gitlab.example", testToken, nil)
	for _, text := range []string{"9223372036854775807", "9223372037", "99999999999", "-1", "1e9", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		for _, name := range []string{"Retry-After", "RateLimit-Reset"} {
			d := c.limitWait(http.Header{http.CanonicalHeaderKey(name): {text}}, 1)
			if d < time.Second || d > maxWaitLimit+time.Second {
				t.Errorf("%s %s: waits %s", name, text, d)
			}
		}
	}
}

// Homes that descend from each other in a ring end every walk over them.
func TestForkRing(t *testing.T) {
	v := visitOf(t, "http://gitlab.example")
	for _, pair := range [][2]string{{"test/home/project:2", "test/home/project:3"}, {"test/home/project:3", "test/home/project:2"}} {
		v.run.units[pair[0]] = &unit{home: inventory.Home{ID: pair[0], ForkedFrom: pair[1], Parent: pair[1]}}
	}
	v.Home.ForkedFrom, v.Home.Parent = "test/home/project:2", "test/home/project:2"
	done := make(chan struct{})
	go func() {
		defer close(done)
		v.forkRoot()
		v.groupsAbove()
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("a ring of forks is followed without end")
	}
}

// One date that cannot be read is unknown and hides no other row.
func TestOddMoments(t *testing.T) {
	for text, want := range map[string]inventory.When{
		`"12345-01-01T00:00:00Z"`: {}, `"9999-12-31T23:59:59-23:59"`: {}, `"0000-01-01T00:00:00+23:59"`: {}, `"soon"`: {}, `""`: {},
		`null`: inventory.Never, `"2026-01-01"`: inventory.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)),
	} {
		var m moment
		if err := json.Unmarshal([]byte(text), &m); err != nil || m.When() != want {
			t.Errorf("%s reads %v, %v; want %v", text, m.When(), err, want)
		}
		again, err := inventory.ParseWhen(m.When().String())
		if err != nil || again != m.When() {
			t.Errorf("%s written and read again is %v, %v", text, again, err)
		}
	}
}

// A name far beyond what GitLab takes is kept cut.
func TestHugeTextIsCut(t *testing.T) {
	v := visitOf(t, "http://gitlab.example")
	v.Emit(inventory.Identity{ID: "test/identity/user/1", Name: strings.Repeat("Eve =cmd|EXAMPLE/", 1<<14)})
	if got := v.rows[0].(inventory.Identity); len(got.Name) > 2*maxText {
		t.Errorf("%d bytes of a name are kept", len(got.Name))
	}
}
