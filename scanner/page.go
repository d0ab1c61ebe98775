package scanner

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// perPage is the most that GitLab gives.
const perPage = 100

// maxPages bounds one list: 10,000 pages are a million rows. A longer one is a fault of the server.
const maxPages = 10_000

// pages reads a list page by page, following Link, then X-Next-Page. The path is relative to /api/v4/, formatted
// with args; text in args must be escaped by the caller (Visit.Path is). An error ends the sequence; rows that came
// before it stay valid, and the visit is partial. A list that changed while it was read is read a second time, so
// rows may come twice: what a visit emits twice is one row.
func pages[T any](ctx context.Context, v *Visit, format string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		path := fmt.Sprintf(format, args...)
		for range 2 {
			moved, ok := readList(ctx, v, path, yield)
			if !ok || !moved {
				return
			}
		}
		var none T
		yield(none, partial("the list kept changing while it was read"))
	}
}

// readList yields all rows of one pass. moved reports that the list changed meanwhile; ok is false when the
// sequence is over, by an error or because the caller stopped.
func readList[T any](ctx context.Context, v *Visit, path string, yield func(T, error) bool) (moved, ok bool) {
	var none T
	var last [sha256.Size]byte
	next, total, count := firstPage(path), -1, 0
	asked := map[string]bool{}
	for range maxPages {
		if asked[next] {
			yield(none, partial("the list repeats its pages without end"))
			return false, false
		}
		asked[next] = true
		a, err := v.run.client.get(ctx, next)
		if err != nil {
			yield(none, err)
			return false, false
		}
		var rows []T
		if err := json.Unmarshal(a.body, &rows); err != nil {
			yield(none, &APIError{Method: "GET", Path: cutQuery(path), Status: a.status, Kind: damaged, Message: "the answer has another shape than GitLab documents: " + err.Error()})
			return false, false
		}
		sum := sha256.Sum256(a.body)
		if sum == last && len(rows) > 0 {
			yield(none, partial("the list repeats the same page without end"))
			return false, false
		}
		last = sum
		for _, row := range rows {
			if !yield(row, nil) {
				return false, false
			}
		}
		count += len(rows)
		if n, err := strconv.Atoi(a.header.Get("X-Total")); err == nil {
			moved = moved || total >= 0 && n != total
			total = n
		}
		if next, err = v.run.client.nextPage(next, a); err != nil {
			yield(none, err)
			return false, false
		}
		if next == "" {
			return moved || total >= 0 && count != total, true
		}
	}
	yield(none, partial(fmt.Sprintf("the list has more than %d pages", maxPages)))
	return false, false
}

func firstPage(path string) string {
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	return path + sep + "per_page=" + strconv.Itoa(perPage)
}

// nextPage returns the path of the page after this one, empty at the end. Of a Link only what stands behind /api/v4/ is
// taken, and asked of our own host: GitLab writes its links with the host of its external_url, whatever address it is
// reached by. Source: GitLab's lib/gitlab/pagination/base.rb, base_request_uri
func (c *Client) nextPage(path string, a *answer) (string, error) {
	link := nextLink(a.header.Values(keptLink))
	if u, err := url.Parse(link); err == nil && link != "" {
		if _, rel, ok := strings.Cut(u.EscapedPath(), "/api/v4/"); ok {
			return rel + "?" + u.RawQuery, nil
		}
	}
	n := a.header.Get("X-Next-Page")
	if n == "" && link == "" {
		return "", nil
	}
	rel, query, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(query)
	if _, odd := strconv.Atoi(n); odd != nil || err != nil {
		return "", partial("the answer says that there is a next page, but not where")
	}
	values.Set("page", n)
	return rel + "?" + values.Encode(), nil
}

// nextLink finds the target with rel="next" in Link headers, "" where there is none. Targets may hold commas.
// Source: RFC 8288 section 3
func nextLink(headers []string) string {
	for _, text := range headers {
		for {
			_, after, ok := strings.Cut(text, "<")
			target, rest, closed := strings.Cut(after, ">")
			if !ok || !closed {
				break
			}
			parameters, _, _ := strings.Cut(rest, "<")
			for p := range strings.FieldsFuncSeq(parameters, func(r rune) bool { return r == ';' || r == ',' }) {
				name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
				if strings.EqualFold(name, "rel") && slices.Contains(strings.Fields(strings.ToLower(strings.Trim(value, `"`))), "next") {
					return target
				}
			}
			text = rest
		}
	}
	return ""
}

// one reads a single object.
func one[T any](ctx context.Context, v *Visit, format string, args ...any) (T, error) {
	return oneOf[T](ctx, v.run.client, fmt.Sprintf(format, args...))
}

func oneOf[T any](ctx context.Context, c *Client, path string) (T, error) {
	var out T
	a, err := c.get(ctx, path)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(a.body, &out); err != nil {
		return out, &APIError{Method: "GET", Path: cutQuery(path), Status: a.status, Kind: damaged, Message: "the answer has another shape than GitLab documents: " + err.Error()}
	}
	return out, nil
}
