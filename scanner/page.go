package scanner

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
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
		if next = v.run.client.nextPage(next, a); next == "" {
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

// nextPage returns the path of the page after this one, empty at the end. A Link to another host is not followed.
func (c *Client) nextPage(path string, a *answer) string {
	if a.next != "" {
		u, err := url.Parse(a.next)
		prefix := c.at("api", "v4").EscapedPath() + "/"
		if err != nil || u.Host != c.base.Host || !strings.HasPrefix(u.EscapedPath(), prefix) {
			return ""
		}
		return strings.TrimPrefix(u.EscapedPath(), prefix) + "?" + u.RawQuery
	}
	n := a.header.Get("X-Next-Page")
	if _, err := strconv.Atoi(n); err != nil {
		return ""
	}
	rel, query, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	values.Set("page", n)
	return rel + "?" + values.Encode()
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
