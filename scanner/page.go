package scanner

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
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
	var odd error // of the first row that could not be read
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
		rows, oddRow, err := decodeRows[T](a.body)
		if err != nil {
			yield(none, otherShape("GET", path, a, err))
			return false, false
		}
		odd = cmp.Or(odd, oddRow)
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
		if next == "" && odd != nil {
			yield(none, otherShape("GET", path, a, fmt.Errorf("rows are left out: %w", odd)))
			return false, false
		}
		if next == "" {
			return moved || total >= 0 && count != total, true
		}
	}
	yield(none, partial(fmt.Sprintf("the list has more than %d pages", maxPages)))
	return false, false
}

// decodeRows reads a page. odd is about the first of the rows that have another shape, which are left out: they must not
// hide the others.
func decodeRows[T any](body []byte) (rows []T, odd, err error) {
	if json.Unmarshal(body, &rows) == nil && rows != nil {
		return rows, nil, nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, nil, err
	}
	if raw == nil {
		return nil, nil, errors.New("null in place of a list")
	}
	rows = nil
	for _, text := range raw {
		var row T
		if err := json.Unmarshal(text, &row); err != nil {
			odd = cmp.Or(odd, err)
			continue
		}
		rows = append(rows, row)
	}
	return rows, odd, nil
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
		return out, otherShape("GET", path, a, err)
	}
	return out, nil
}
