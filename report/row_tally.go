package report

import (
	"nhiscan/inventory"
)

// rowTally takes the rows of the inventory in as they pass, and keeps of each what its place in the page depends on.
type rowTally struct {
	listed []listedRow
	gaps   map[string]gapCount // by subject
	bands  map[string]int      // credentials not known to be dead, by the band of their owner
	expiry *expiryTally
}

type gapCount struct {
	n     int32
	worst inventory.Severity
}

func newRowTally(v *view) *rowTally {
	return &rowTally{gaps: map[string]gapCount{}, bands: map[string]int{}, expiry: newExpiryTally(v)}
}

// addGap takes a gap in. All gaps come before the rows.
func (t *rowTally) addGap(g *inventory.Gap) {
	c := t.gaps[g.Subject]
	t.gaps[g.Subject] = gapCount{c.n + 1, max(c.worst, g.Severity)}
}

func (t *rowTally) add(r row) {
	gaps := t.gaps[r.ID]
	t.listed = append(t.listed, listedRow{id: r.ID, page: r.Page, name: r.Name, worst: gaps.worst, gaps: int(gaps.n), places: r.Places})
	if r.Credential == nil || !r.Credential.Active() {
		return
	}
	band := "unknown"
	if r.Owner != nil {
		band = r.Owner.Band
	}
	t.bands[band]++
	t.expiry.add(r)
}
