package detect

import (
	"cmp"
	"slices"
)

// rank orders detectors by how much they know of a value. Of several hits on one value in one place the lowest wins.
type rank int

const (
	rankProven  rank = iota // own detector, checksum holds
	rankOwn                 // own detector
	rankForm                // rule that knows the value by its form: a keyword stands in the value
	rankNamed               // rule that knows the value by the name beside it
	rankGeneric             // rule for any secret
	rankGuess               // a value under the name of a secret
)

// settle leaves one hit per value and place. Two hits are of one value and place when the bytes of one lie inside
// those of the other. The lower rank wins, then the longer value, then the detector that sorts first.
func settle(hits []hit) []hit {
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.end-b.start, a.end-a.start),
			cmp.Compare(a.start, b.start), cmp.Compare(a.detector, b.detector))
	})
	starts := make([]int, len(hits))
	for i, h := range hits {
		starts[i] = h.start
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	// No kept hit lies inside another: in the order of their starts they are in that of their ends as well, and only the
	// neighbours of a place can hold what is there or lie in it.
	kept := newOrdered(len(starts))
	owner := make([]int, len(starts)) // the hit that is kept at a place
	for i, h := range hits {
		at, _ := slices.BinarySearch(starts, h.start)
		next, before := kept.from(at), kept.before(at)
		inside := next >= 0 && (hits[owner[next]].end <= h.end || next == at)
		inside = inside || before >= 0 && hits[owner[before]].end >= h.end
		if !inside {
			kept.add(at)
			owner[at] = i
		}
	}
	var out []hit
	for at := kept.from(0); at >= 0; at = kept.from(at + 1) {
		out = append(out, hits[owner[at]])
	}
	return out
}
