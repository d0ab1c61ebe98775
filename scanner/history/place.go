package history

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"nhiscan/scanner/gitrepo"
)

// places are those of a repository, one for each path, value, and place of the value among its equals there. Most are of
// little confidence and nobody asks for them, but they count where findings are numbered.
type places struct {
	facts   *facts
	paths   names
	clean   []int32          // by path: the number of its shortest form
	commits map[int32]author // by their place in the history
	at      map[placeKey]int32
	list    []held
	further int // places of the second reading
	// left is how many places there are besides list; held.left says which of them matter to the others.
	left int

	equals  []int32 // by value: how many of it add met in a content
	touched []int32 // the values in equals
}

// placeKey tells places apart; reading is 1 for those of the second. There is nothing but numbers in it, of which a map
// makes the quickest hash.
type placeKey struct{ path, value, ordinal, reading int32 }

// held is a place. order is where its commit stands in the history, -1 without commit.
type held struct {
	spot
	path, order int32
	left        int32 // places of the same path and detector that stand before it and are not in the list
}

// author is who made a commit.
type author struct{ commit, name, date string }

// newPlaces expects about as many places as room says.
func newPlaces(f *facts, room int) *places {
	room = min(room, maxPlaces)
	return &places{facts: f, paths: newNames(), commits: map[int32]author{}, at: make(map[placeKey]int32, room), list: make([]held, 0, room)}
}

// add notes the findings of one content at one path. Of several contents that hold a value the oldest tells who
// brought it and on which line. It reports whether there was room for all.
func (p *places) add(at gitrepo.Place, found []spot, further bool) bool {
	reading := int32(0)
	if further {
		reading = 1
	}
	file, order, room := p.paths.number(at.Path), int32(at.Order), true //nolint:gosec // a history has fewer commits
	p.equals = append(p.equals, make([]int32, len(p.facts.value.list)-len(p.equals))...)
	for _, f := range found {
		value := p.facts.values[f.fact]
		p.equals[value]++
		p.touched = append(p.touched, value)
		key := placeKey{file, value, p.equals[value], reading}
		n, known := p.at[key]
		switch {
		case !known && p.full(further):
			room = false
			continue
		case !known:
			p.at[key] = int32(len(p.list)) //nolint:gosec // maxPlaces is far below
			p.list = append(p.list, held{spot: f, path: file, order: order})
			p.further += int(reading)
		case order >= 0 && (p.list[n].order < 0 || order < p.list[n].order), order == p.list[n].order && p.before(f, p.list[n].spot):
			p.list[n] = held{spot: f, path: file, order: order}
		default:
			continue
		}
		if order >= 0 {
			p.note(at)
		}
	}
	for _, value := range p.touched {
		p.equals[value] = 0
	}
	p.touched = p.touched[:0]
	return room
}

// full reports whether there is no room for a place more of its kind.
func (p *places) full(further bool) bool {
	if further {
		return p.further >= maxPlaces
	}
	return len(p.list)-p.further >= maxPlaces
}

// note keeps the commit of a place.
func (p *places) note(at gitrepo.Place) {
	order := int32(at.Order) //nolint:gosec // a history has fewer commits
	if _, known := p.commits[order]; known {
		return
	}
	by := author{commit: at.Commit, name: at.Author}
	if !at.Date.IsZero() {
		by.date = at.Date.UTC().Format(time.RFC3339)
	}
	p.commits[order] = by
}

// before orders findings of one value, so that it does not matter which comes first.
func (p *places) before(a, b spot) bool {
	return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column), strings.Compare(p.facts.list[a.fact].detector, p.facts.list[b.fact].detector)) < 0
}

func (p *places) place(h held) Place {
	by := p.commits[h.order]
	return Place{Finding: p.facts.finding(h.spot), Path: p.paths.list[h.path], Commit: by.commit, Author: by.name, Date: by.date, Before: int(h.left)}
}

// group is what findings are numbered within, as report.Arrange does.
type group struct{ path, detector int32 }

func (p *places) group(h held) group {
	for n := len(p.clean); n <= int(h.path); n++ {
		p.clean = append(p.clean, p.paths.number(path.Clean(p.paths.list[n])))
	}
	return group{p.clean[h.path], p.facts.detectors[h.fact]}
}

// listing is the places of some confidence in their order, and how many others there are.
type listing struct {
	places []held
	others int
}

// listed returns the places of a confidence at least. Of the others only those are looked at that share a path and a
// detector with one of them.
func (p *places) listed(from float64) listing {
	var list []held
	listed := func(h held) bool { return p.facts.list[h.fact].confidence >= from }
	count := map[group]int32{} // of the others before a place
	for _, h := range p.list {
		if listed(h) {
			count[p.group(h)] = 0
		}
	}
	for _, h := range p.list {
		if _, matters := count[p.group(h)]; matters {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, p.compare)
	n := 0
	for _, h := range list {
		g := p.group(h)
		count[g] += h.left
		if !listed(h) {
			count[g]++
			continue
		}
		h.left, count[g] = count[g], 0
		list[n] = h
		n++
	}
	return listing{list[:n], p.left + len(p.list) - n}
}

// compare orders places as report.Arrange does, and those that it takes for equal by all else that is shown of them.
func (p *places) compare(a, b held) int {
	if c := cmp.Or(strings.Compare(p.paths.list[a.path], p.paths.list[b.path]), cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column)); c != 0 {
		return c
	}
	f, g := &p.facts.list[a.fact], &p.facts.list[b.fact]
	by, other := p.commits[a.order], p.commits[b.order]
	return cmp.Or(strings.Compare(f.detector, g.detector), strings.Compare(by.date, other.date), strings.Compare(by.commit, other.commit),
		cmp.Compare(a.endLine, b.endLine), cmp.Compare(a.endColumn, b.endColumn),
		cmp.Compare(f.confidence, g.confidence), strings.Compare(f.hint, g.hint), slices.Compare(f.reasons, g.reasons))
}
