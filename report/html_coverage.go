package report

import (
	"fmt"
	"strings"
	"time"

	"nhiscan/inventory"
)

// segment is a part of a bar, in percent of its width. A segment carries nothing alone: its number stands beside it.
type segment struct{ X, Width, Class string }

// part is a count with the class that draws it.
type part struct {
	n     int
	class string
}

// bar turns counts into segments that fill it; without counts it is empty.
func bar(parts ...part) []segment {
	total := 0
	for _, p := range parts {
		total += p.n
	}
	var out []segment
	x := 0.0
	for _, p := range parts {
		if p.n > 0 {
			width := 100 * float64(p.n) / float64(total)
			out = append(out, segment{fmt.Sprintf("%.2f%%", x), fmt.Sprintf("%.2f%%", width), p.class})
			x += width
		}
	}
	return out
}

type coverageSection struct {
	Lead    string
	Bar     []segment
	Counts  string
	Groups  string
	Sources []sourceBar
	Unseen  []unseen
	More    int // reasons that are not listed
}

type sourceBar struct {
	Title, Share, Note string
	Bar                []segment
}

// reasonsShown is how many reasons for not seeing something the page lists.
const reasonsShown = 40

func coverageBars(cov coverage) coverageSection {
	p := cov.Projects
	s := coverageSection{
		Lead: p.Sentence("project", "projects"), Groups: cov.Groups.Sentence("group", "groups"),
		Bar:    bar(part{p.Complete, "f1"}, part{p.Partly, "f3"}, part{p.Denied, "hatch"}, part{p.Failed, "ac"}, part{p.Unasked, "none"}),
		Unseen: cov.Unseen[:min(len(cov.Unseen), reasonsShown)], More: max(0, len(cov.Unseen)-reasonsShown),
	}
	for _, t := range cov.Sources {
		st := t.States
		b := sourceBar{Title: clean(t.Title, nameMax), Note: t.Note, Bar: bar(
			part{st[inventory.Complete], "f1"}, part{st[inventory.Partial], "f3"}, part{st[inventory.Denied], "hatch"}, part{st[inventory.Failed], "ac"},
			part{st[inventory.Unsupported] + st[inventory.NotAsked], "none"})}
		switch {
		case t.Asked > 0:
			b.Share = number(st[inventory.Complete]) + " of " + number(t.Asked)
		case st[inventory.Unsupported] > 0:
			b.Share = "no API"
		case t.Elsewhere:
			b.Share = "elsewhere"
		default:
			b.Share = "not asked"
		}
		if t.Visits == 0 {
			b.Bar, b.Note = bar(part{1, "none"}), ""
		}
		s.Sources = append(s.Sources, b)
	}
	return s
}

func took(s inventory.Scan) string {
	if s.Ended == nil || s.Ended.Before(s.Began) {
		return ""
	}
	d := s.Ended.Sub(s.Began).Round(time.Second)
	if d >= time.Minute {
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return d.String()
}
