package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"nhiscan/inventory"
	"nhiscan/scanner"
)

// progress tells how far a scan is: a bar on a terminal, a line every ten seconds elsewhere.
type progress struct {
	app   *app
	began time.Time

	mu   sync.Mutex
	bar  *progressbar.ProgressBar
	last time.Time
	done int // groups and projects, when the last line was printed
}

// every is how often a line is printed where there is no terminal.
const every = 10 * time.Second

func newProgress(a *app) *progress {
	p := &progress{app: a, began: a.now(), last: a.now()}
	if width, ok := a.terminal(a.stderr); ok && !a.quiet && !a.verbose {
		p.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(a.stderr), progressbar.OptionSetWidth(max(10, min(40, width-60))),
			progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true),
			progressbar.OptionUseANSICodes(true), progressbar.OptionShowCount())
	}
	return p
}

func (p *progress) show(s scanner.Progress) {
	if p.app.quiet || p.app.verbose { // verbose logs every request in its place
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.app.now()
	rate := float64(s.Requests) / max(now.Sub(p.began).Seconds(), 1)
	text := fmt.Sprintf("%d requests, %.0f/s, %s of repositories", s.Requests, rate, bytesText(s.Bytes))
	if p.bar != nil {
		p.bar.ChangeMax(max(s.Homes, 1))
		p.bar.Describe(text)
		_ = p.bar.Set(s.HomesDone)
		return
	}
	if now.Sub(p.last) < every {
		return
	}
	p.last = now
	fmt.Fprintf(p.app.stderr, "scanned %d of %d groups and projects: %s%s\n", s.HomesDone, s.Homes, text, p.outlook(s, now))
	p.done = s.HomesDone
}

// outlook is the time left at the pace so far. Where nothing was finished since the last line, that pace holds no longer:
// then it names what is being read.
func (p *progress) outlook(s scanner.Progress, now time.Time) string {
	switch {
	case s.HomesDone > p.done && s.Homes > s.HomesDone:
		d := now.Sub(p.began) * time.Duration(s.Homes-s.HomesDone) / time.Duration(s.HomesDone)
		return ", about " + d.Round(time.Second).String() + " left"
	case s.HomesDone == p.done && s.Current != "":
		return ", reading " + inventory.Printable(s.Current, 80)
	}
	return ""
}

func (p *progress) close() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d kB", n>>10)
}
