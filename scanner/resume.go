package scanner

import (
	"context"
	"slices"

	"nhiscan/inventory"
)

// resumeHomes adds the homes of listings that an interrupted scan had finished.
func (r *run) resumeHomes(ctx context.Context) error {
	if len(r.units) > 1 {
		return nil
	}
	rows, err := r.o.Recorder.Rows(ctx)
	if err != nil {
		return err
	}
	level := map[string]Role{}
	for g := range rows.Grants() {
		if g.Kind == "own-access" && g.Subject == r.o.Self.Token.User {
			level[g.Home] = Role(g.Level)
		}
	}
	listed := map[string]bool{}
	for id, seen := range rows.Sightings(inventory.HomeRow) {
		listed[id] = slices.ContainsFunc(seen, func(v inventory.Visit) bool {
			_, done := r.o.Recorder.Done(v)
			return done && (v.Source == "group" || v.Source == "project")
		})
	}
	for h := range rows.Homes() {
		if listed[h.ID] {
			l := level[h.ID]
			if r.o.Self.Admin == inventory.Yes {
				l = Administrator
			}
			r.list(unit{home: *h, level: l})
		}
	}
	return rows.Err()
}
