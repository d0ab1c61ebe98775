package history

import (
	"cmp"
	"slices"
)

// replays remember what was found on which line, so that it is listed again where the line stands again.
type replays struct {
	of     map[uint64][]replay
	filter [1 << 12]uint64 // most lines are in no replay: this tells without a look into the map
}

// replay is a finding that begins on a line, Line being 0.
type replay struct {
	Finding
	rest uint64 // digest of the keys of its further lines
}

// maxReplays bounds the findings that are remembered of one line.
const maxReplays = 100

func newReplays() *replays { return &replays{of: map[uint64][]replay{}} }

// complete returns found with the findings of lines that were seen before, in the order of lines and columns.
func (r *replays) complete(e excerpt, found []Finding) []Finding {
	fresh := map[int]bool{}
	for _, f := range found {
		for l := f.Line; l <= f.EndLine; l++ {
			fresh[l] = true
		}
		r.remember(e.keys, f)
	}
	for i, key := range e.keys {
		if key == 0 || r.filter[key>>6%uint64(len(r.filter))]&(1<<(key&63)) == 0 || fresh[i+1] {
			continue
		}
		for _, p := range r.of[key] {
			if i+p.EndLine < len(e.keys) && p.rest == digest(e.keys[i+1:i+1+p.EndLine]) && len(found) < maxFindings {
				f := p.Finding
				f.Line, f.EndLine = i+1, i+1+p.EndLine
				found = append(found, f)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Detector, b.Detector))
	})
	return found
}

// remember notes a finding under its first line.
func (r *replays) remember(keys []uint64, f Finding) {
	if f.Line < 1 || f.EndLine > len(keys) || keys[f.Line-1] == 0 {
		return
	}
	key := keys[f.Line-1]
	p := replay{f, digest(keys[f.Line:f.EndLine])}
	p.Line, p.EndLine = 0, f.EndLine-f.Line
	have := r.of[key]
	same := func(o replay) bool {
		return o.Column == p.Column && o.EndLine == p.EndLine && o.EndColumn == p.EndColumn && o.Detector == p.Detector && o.rest == p.rest
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
