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
	// No kept hit lies inside another: sorted by start, they are sorted by end as well.
	var kept []hit
	for _, h := range hits {
		at, _ := slices.BinarySearchFunc(kept, h, func(k, h hit) int { return cmp.Compare(k.start, h.start) })
		inside := at < len(kept) && (kept[at].end <= h.end || kept[at].start == h.start)
		inside = inside || at > 0 && kept[at-1].end >= h.end
		if !inside {
			kept = slices.Insert(kept, at, h)
		}
	}
	return kept
}
