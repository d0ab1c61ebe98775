package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"nhiscan/scanner/gitlabtest"
)

// hostile is a GitLab that answers as the small world does, with every JSON answer changed on its way out.
type hostile struct {
	url    string
	server *gitlabtest.Server
}

// startHostile starts it. change gets the request and the decoded answer, whose numbers are json.Number.
func startHostile(t testing.TB, change func(r *http.Request, answer any) any) *hostile {
	t.Helper()
	world, err := gitlabtest.Embedded("small")
	if err != nil {
		t.Fatal(err)
	}
	server, err := gitlabtest.New(world, gitlabtest.Options{RepoDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		whole := httptest.NewRecorder()
		server.ServeHTTP(whole, r)
		body := whole.Body.Bytes()
		if strings.HasSuffix(whole.Header().Get("Content-Type"), "json") {
			decoder := json.NewDecoder(bytes.NewReader(body))
			decoder.UseNumber()
			var answer any
			if decoder.Decode(&answer) == nil {
				body, _ = json.Marshal(change(r, answer))
			}
			whole.Header().Del("Content-Length")
		}
		for k, v := range whole.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(whole.Code)
		_, _ = w.Write(body)
	}))
	t.Cleanup(front.Close)
	return &hostile{front.URL, server}
}

// program runs nhi-scan in this process, in a folder of its own, and returns exit status and output.
func (h *hostile) program(t testing.TB, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	code = run(ctx, &app{
		args: append(args, "--db", filepath.Join(dir, "nhi-scan.db")), stdout: &out, stderr: &errs, now: h.server.Now,
		env: []string{"PATH=" + os.Getenv("PATH"), "NHI_SCAN_RATE=0", "NHI_SCAN_TOKEN=" + h.server.Token("admin")},
	})
	if ctx.Err() != nil {
		t.Fatalf("nhi-scan %s did not end", strings.Join(args, " "))
	}
	return code, out.String(), errs.String()
}

// mutations are what is done to one value of an answer. The bool says that the value is dropped.
var mutations = []struct {
	name string
	make func(old any) (any, bool)
}{
	{"drop", func(any) (any, bool) { return nil, true }},
	{"null", func(any) (any, bool) { return nil, false }},
	{"text", func(any) (any, bool) { return "x\x1b[2J\u202e\u0000<script>=cmd|' /C calc'!A0\n../../..", false }},
	{"number", func(any) (any, bool) { return json.Number("-1"), false }},
	{"huge", func(any) (any, bool) { return json.Number("123456789012345678901234567890"), false }},
	{"float", func(any) (any, bool) { return json.Number("1.5e3"), false }},
	{"list", func(old any) (any, bool) { return []any{nil, old, nil}, false }},
	{"object", func(old any) (any, bool) { return map[string]any{"id": old, "": nil}, false }},
	{"false", func(any) (any, bool) { return false, false }},
	{"zero", func(any) (any, bool) { return json.Number("0"), false }},
	{"empty", func(any) (any, bool) { return "", false }},
	{"long", func(any) (any, bool) { return strings.Repeat("é/", 10_000), false }},
	{"late", func(any) (any, bool) { return "9999-12-31T23:59:59-23:59", false }},
	{"early", func(any) (any, bool) { return "0000-01-01T00:00:00+23:59", false }},
}

// mutate changes every member of answer that pick chooses.
func mutate(answer any, path string, pick func(path string) func(any) (any, bool)) any {
	switch a := answer.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(a)) {
			at := path + "." + k
			a[k] = mutate(a[k], at, pick)
			if f := pick(at); f != nil {
				v, drop := f(a[k])
				if a[k] = v; drop {
					delete(a, k)
				}
			}
		}
	case []any:
		for i := range a {
			a[i] = mutate(a[i], path, pick)
		}
	}
	return answer
}

// TestHostileAnswers changes a few fields of every answer, other ones with each seed: whatever comes, the scan ends with
// coverage, every report can be made of it, and none shows a character that is not plain. To look for more, raise the number.
func TestHostileAnswers(t *testing.T) {
	for seed := range 8 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			startHostile(t, func(r *http.Request, answer any) any {
				for _, first := range []string{"/user", "/self", "/metadata"} { // without these there is no scan
					if strings.HasSuffix(r.URL.Path, first) {
						return answer
					}
				}
				return mutate(answer, "", func(path string) func(any) (any, bool) {
					h := fnv.New32a()
					fmt.Fprint(h, seed, path)
					n := int(h.Sum32() >> 1)
					if n%32 != 0 {
						return nil
					}
					return mutations[n/32%len(mutations)].make
				})
			}).attack(t)
		})
	}
}

// Groups that lie in each other and projects forked from each other are no trees.
func TestHostileRings(t *testing.T) {
	rings := map[string]func(any) (any, bool){
		"parent_id":           func(any) (any, bool) { return json.Number("101"), false },
		"forked_from_project": func(any) (any, bool) { return map[string]any{"id": json.Number("1000")}, false },
	}
	startHostile(t, func(r *http.Request, answer any) any {
		if list, ok := answer.([]any); ok && strings.HasSuffix(r.URL.Path, "/projects") {
			for _, p := range list {
				if p, ok := p.(map[string]any); ok {
					p["forked_from_project"] = nil
				}
			}
		}
		return mutate(answer, "", func(path string) func(any) (any, bool) { return rings[path[strings.LastIndexByte(path, '.')+1:]] })
	}).attack(t)
}

// attack scans and reports in every format.
func (h *hostile) attack(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	code, out, errs := h.program(t, dir, "scan", "--gitlab", h.url, "--instance", "test", "--history", "none")
	if code != 0 && code != exitIncomplete {
		t.Fatalf("scan: exit status %d: %s", code, errs)
	}
	checkText(t, "scan", out+errs)
	for _, args := range [][]string{
		{"--format", "table"}, {"--format", "json"}, {"--format", "html"}, {"--format", "csv"}, {"--format", "csv", "--out", filepath.Join(dir, "csv")},
	} {
		code, out, errs := h.program(t, dir, append([]string{"report"}, args...)...)
		if code != 0 {
			t.Errorf("report %v: exit status %d: %s", args, code, errs)
		}
		if args[1] == "json" && !json.Valid([]byte(out)) {
			t.Error("the JSON report is none")
		}
		if args[1] == "html" && strings.Contains(out, "\n<script>=cmd") {
			t.Error("a name became an element of the page")
		}
		checkText(t, fmt.Sprintf("report %v", args), out+errs)
	}
}

func checkText(t *testing.T, what, text string) {
	t.Helper()
	for i, r := range text {
		if !unicode.IsPrint(r) && r != '\n' && r != '\r' && r != '\t' {
			t.Errorf("%s: unprintable %U at %q", what, r, text[max(0, i-60):min(len(text), i+20)])
			return
		}
	}
}
