package scanner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"nhiscan/inventory"
)

// pageVisit is a visit that reads lists of handler.
func pageVisit(t *testing.T, handler http.HandlerFunc) *Visit {
	t.Helper()
	c, _ := answered(t, handler, nil)
	return &Visit{run: &run{client: c}}
}

type numbered struct {
	ID int64 `json:"id"`
}

func readAll(v *Visit) (ids []int64, err error) {
	for raw, err := range pages[numbered](context.Background(), v, "things") {
		if err != nil {
			return ids, err
		}
		ids = append(ids, raw.ID)
	}
	return ids, nil
}

func rowsJSON(ids []int64) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = fmt.Sprintf(`{"id":%d}`, id)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// offsetList serves a list that list() gives anew for each request, per rows a page, with X-Total when counted.
func offsetList(per int, counted bool, list func() []int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rows := list()
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		page = max(page, 1)
		start, end := min((page-1)*per, len(rows)), min(page*per, len(rows))
		next := ""
		if end < len(rows) {
			next = strconv.Itoa(page + 1)
		}
		w.Header().Set("X-Next-Page", next)
		if counted {
			w.Header().Set("X-Total", strconv.Itoa(len(rows)))
		}
		asJSON(w, 200, rowsJSON(rows[start:end]))
	}
}

func numbers(n int) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	return ids
}

// No page size changes what is collected, with totals or without.
func TestPagesCollectEverything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := numbers(rapid.IntRange(0, 40).Draw(rt, "rows"))
		per := rapid.IntRange(1, 50).Draw(rt, "per")
		counted := rapid.Bool().Draw(rt, "counted")
		got, err := readAll(pageVisit(t, offsetList(per, counted, func() []int64 { return want })))
		if err != nil || !slices.Equal(got, want) {
			rt.Errorf("read %v, %v; want %v", got, err, want)
		}
	})
}

// A row that is deleted while the list is read moves the others up a page: the list is read again.
func TestPagesReadAMovingListAgain(t *testing.T) {
	requests := 0
	list := func() []int64 {
		requests++
		if requests == 1 {
			return numbers(20)
		}
		return numbers(20)[1:]
	}
	got, err := readAll(pageVisit(t, offsetList(10, true, list)))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range numbers(20)[1:] {
		if !slices.Contains(got, id) {
			t.Errorf("row %d is missing in %v", id, got)
		}
	}
}

func TestPagesGiveUpOnAListThatNeverRests(t *testing.T) {
	n := 20
	_, err := readAll(pageVisit(t, offsetList(10, true, func() []int64 {
		n++
		return numbers(n)
	})))
	var state *stateError
	if !errors.As(err, &state) || state.state != inventory.Partial {
		t.Errorf("read = %v, want partial", err)
	}
}

func TestPagesEndOnAnEndlessList(t *testing.T) {
	requests := 0
	_, err := readAll(pageVisit(t, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header().Set("X-Next-Page", strconv.Itoa(requests+1))
		asJSON(w, 200, `[{"id":1}]`)
	}))
	var state *stateError
	if !errors.As(err, &state) || state.state != inventory.Partial {
		t.Errorf("read = %v, want partial", err)
	}
	if requests > 3 {
		t.Errorf("%d requests for the same page", requests)
	}
}

// Keyset lists have a Link only; its cursor is opaque, and the last page has none.
func TestPagesFollowKeyset(t *testing.T) {
	got, err := readAll(pageVisit(t, func(w http.ResponseWriter, r *http.Request) {
		if cursor := r.URL.Query().Get("cursor"); cursor == "" {
			w.Header().Set("Link", fmt.Sprintf(`<http://%s/api/v4/things?cursor=b%%3D2&per_page=100>; rel="next"`, r.Host))
			asJSON(w, 200, `[{"id":1}]`)
		} else if cursor == "b=2" {
			asJSON(w, 200, `[{"id":2}]`)
		}
	}))
	if err != nil || !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("read %v, %v; want [1 2]", got, err)
	}
}

func TestPagesKeepRowsBeforeAnError(t *testing.T) {
	got, err := readAll(pageVisit(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "" {
			w.Header().Set("X-Next-Page", "2")
			asJSON(w, 200, `[{"id":1}]`)
			return
		}
		asJSON(w, 403, `{"message":"403 Forbidden"}`)
	}))
	if statusOf(err) != 403 || !slices.Equal(got, []int64{1}) {
		t.Errorf("read %v, %v; want the first row and 403", got, err)
	}
}

func TestPagesRefuseAnotherShape(t *testing.T) {
	for _, body := range []string{`{"id":1}`, `"text"`, `[{"id":"one"}]`, `[[1]]`} {
		_, err := readAll(pageVisit(t, func(w http.ResponseWriter, _ *http.Request) { asJSON(w, 200, body) }))
		var api *APIError
		if !errors.As(err, &api) || api.Kind != damaged {
			t.Errorf("read of %s = %v, want damaged", body, err)
		}
	}
}

// Numbers may exceed 2^31, and a field of null or none stays apart from false.
func TestDecodeKeepsAbsentNullAndFalseApart(t *testing.T) {
	for body, want := range map[string][3]string{
		`[{"id":9007199254740993}]`:                                              {"", "", "unknown"},
		`[{"id":9007199254740993,"expires_at":null,"revoked":null}]`:             {"never", "", "unknown"},
		`[{"id":9007199254740993,"expires_at":"2027-01-02","revoked":false}]`:    {"2027-01-02T00:00:00Z", "", "no"},
		`[{"id":9007199254740993,"created_at":"2027-01-02T10:00:00.123+02:00"}]`: {"", "2027-01-02T08:00:00Z", "unknown"},
	} {
		v := pageVisit(t, func(w http.ResponseWriter, _ *http.Request) { asJSON(w, 200, body) })
		for raw, err := range pages[accessTokenJSON](context.Background(), v, "personal_access_tokens") {
			if err != nil {
				t.Fatal(err)
			}
			got := [3]string{raw.ExpiresAt.When().String(), raw.CreatedAt.Known().String(), raw.Revoked.Tri().String()}
			if raw.ID != 9007199254740993 || got != want {
				t.Errorf("%s: id %d, %v; want %v", body, raw.ID, got, want)
			}
		}
	}
}

// A next page that is told of but cannot be asked for makes a list partial, never complete.
func TestPagesWithoutAWayOn(t *testing.T) {
	for name, header := range map[string][2]string{
		"link_out_of_the_api":   {"Link", `</-/elsewhere?page=2>; rel="next"`},
		"link_that_is_no_url":   {"Link", `<http://%zz/api/v4/things>; rel=next`},
		"next_page_of_nonsense": {"X-Next-Page", "99999999999999999999999"},
	} {
		t.Run(name, func(t *testing.T) {
			ids, err := readAll(pageVisit(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set(header[0], header[1])
				asJSON(w, 200, "[{\"id\":1}]")
			}))
			var state *stateError
			if !errors.As(err, &state) || state.state != inventory.Partial || len(ids) != 1 {
				t.Errorf("read %v, %v; want the first page and partial", ids, err)
			}
		})
	}
}

func TestNextLink(t *testing.T) {
	for text, want := range map[string]string{
		`<https://a/?page=1>; rel="prev", <https://a/?page=3>; rel="next", <https://a/?page=9>; rel="last"`: "https://a/?page=3",
		`<https://a/?ids=1,2;x>; title="a, b"; rel=next`:                                                    "https://a/?ids=1,2;x", `<https://a/>; rel="last next"`: "https://a/", `<https://a/>; REL = next`: "",
		`<https://a/>; preload`: "", `<https://a/>;`: "", `<https://a/`: "", `; rel="next"`: "", `<>; rel="next"`: "", `<b>,<c>; rel=next`: "c", "": "",
	} {
		if got := nextLink([]string{text}); got != want {
			t.Errorf("nextLink(%s) = %q, want %q", text, got, want)
		}
	}
	if got := nextLink([]string{`<a>; rel=prev`, `<b>; rel=next`}); got != "b" {
		t.Errorf("of two headers = %q, want b", got)
	}
}
