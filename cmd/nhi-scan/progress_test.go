package main

import (
	"bytes"
	"testing"
	"time"

	"nhiscan/scanner"
)

// TestProgressLines holds what a log of a long scan says: the time left as long as the pace tells it, else what is read.
func TestProgressLines(t *testing.T) {
	now := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	p := newProgress(&app{stderr: &out, now: func() time.Time { return now }})
	for _, step := range []scanner.Progress{
		{Homes: 20, HomesDone: 1, Requests: 9, Current: "a/early"}, // told twice, ten seconds after the start the second time
		{Homes: 20, HomesDone: 10, Requests: 100, Current: "a/b"},
		{Homes: 20, HomesDone: 10, Requests: 100, Bytes: 5 << 20, Current: "a/\x1b[2Jhuge"},
		{Homes: 20, HomesDone: 15, Requests: 120, Bytes: 3 << 30, Current: "a/huge"},
		{Homes: 20, HomesDone: 20, Requests: 120, Bytes: 3 << 30, Current: "a/huge"},
	} {
		now = now.Add(6 * time.Second)
		p.show(step)
		now = now.Add(5 * time.Second)
		p.show(step)
	}
	const want = `scanned 1 of 20 groups and projects: 9 requests, 1/s, 0 kB of repositories, about 3m29s left
scanned 10 of 20 groups and projects: 100 requests, 5/s, 0 kB of repositories, about 22s left
scanned 10 of 20 groups and projects: 100 requests, 3/s, 5 MB of repositories, reading a/\u001b[2Jhuge
scanned 15 of 20 groups and projects: 120 requests, 3/s, 3.0 GB of repositories, about 15s left
scanned 20 of 20 groups and projects: 120 requests, 2/s, 3.0 GB of repositories
`
	if got := out.String(); got != want {
		t.Errorf("progress:\n%s\nwant:\n%s", got, want)
	}
}
