package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"nhiscan/report"
)

// searchProgress tells how far a search is: a line that is rewritten on a terminal, one every ten seconds elsewhere.
// How much there is to search is not known before it is read, so that no time left is given.
type searchProgress struct {
	app   *app
	began time.Time
	last  time.Time
	bar   *progressbar.ProgressBar
}

func newSearchProgress(a *app) *searchProgress {
	p := &searchProgress{app: a, began: a.now(), last: a.now()}
	if _, ok := a.terminal(a.stderr); ok && !a.quiet && !a.verbose {
		p.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(a.stderr), progressbar.OptionClearOnFinish(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionUseANSICodes(true), progressbar.OptionSpinnerType(14))
	}
	return p
}

func (p *searchProgress) show(s report.Scanned) {
	if p.app.quiet {
		return
	}
	now := p.app.now()
	if now.Sub(p.last) < every && (p.bar == nil || now.Sub(p.last) < 100*time.Millisecond) {
		return
	}
	p.last = now
	rate := float64(s.Bytes) / max(now.Sub(p.began).Seconds(), 1)
	text := fmt.Sprintf("%s, %s, %s, %s/s", plural(s.Files, "file"), plural(s.Blobs, "content"), bytesText(s.Bytes), bytesText(int64(rate)))
	if p.bar != nil {
		p.bar.Describe(text)
		_ = p.bar.Add(1)
		return
	}
	fmt.Fprintf(p.app.stderr, "searched %s\n", text)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (p *searchProgress) close() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
