package history

import (
	"cmp"
	"slices"
	"strings"
)

// replays remember what was found on which line, so that it is listed again where the line stands again.
type replays struct {
	facts  *facts
	of     map[uint64][]replay
	filter [1 << 12]uint64 // most lines are in no replay: this tells without a look into the map
}

// replay is a finding that begins on a line, which is its line 0.
type replay struct {
	spot
	rest uint64 // digest of the keys of its further lines
}

// maxReplays bounds the findings that are remembered of one line.
const maxReplays = 100

func newReplays(f *facts) *replays { return &replays{facts: f, of: map[uint64][]replay{}} }

// complete returns found with the findings of lines that were seen before, in the order of lines and columns.
func (r *replays) complete(e excerpt, found []spot) []spot {
	fresh := map[int32]bool{}
	for _, f := range found {
		for l := f.line; l <= f.endLine; l++ {
			fresh[l] = true
		}
		r.remember(e.keys, f)
	}
	for i, key := range e.keys {
		line := int32(i) + 1 //nolint:gosec // as many as lines
		if key == 0 || r.filter[key>>6%uint64(len(r.filter))]&(1<<(key&63)) == 0 || fresh[line] {
			continue
		}
		for _, p := range r.of[key] {
			if end := i + 1 + int(p.endLine); end <= len(e.keys) && p.rest == digest(e.keys[i+1:end]) && len(found) < maxFindings {
				f := p.spot
				f.line, f.endLine = line, line+p.endLine
				found = append(found, f)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b spot) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column), strings.Compare(r.facts.list[a.fact].detector, r.facts.list[b.fact].detector))
	})
	return found
}

// remember notes a finding under its first line.
func (r *replays) remember(keys []uint64, f spot) {
	if f.line < 1 || int(f.endLine) > len(keys) || keys[f.line-1] == 0 {
		return
	}
	key := keys[f.line-1]
	p := replay{f, digest(keys[f.line:f.endLine])}
	p.line, p.endLine = 0, f.endLine-f.line
	have := r.of[key]
	same := func(o replay) bool {
		return o.column == p.column && o.endLine == p.endLine && o.endColumn == p.endColumn && o.rest == p.rest && r.facts.detectors[o.fact] == r.facts.detectors[p.fact]
	}
	if len(have) >= maxReplays || slices.ContainsFunc(have, same) {
		return
	}
	r.of[key] = append(have, p)
	r.filter[key>>6%uint64(len(r.filter))] |= 1 << (key & 63)
}

// digest makes one number of the keys of several lines.
func digest(keys []uint64) uint64 {
	var d uint64
	for _, k := range keys {
		d = (d ^ k) * 0x9e3779b97f4a7c15
		d ^= d >> 29
	}
	return d
}
