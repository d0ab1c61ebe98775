package store

import (
	"testing"

	"nhiscan/inventory"
)

// model is what the store promises, said in ten lines: the last rows of each visit.
type model map[inventory.Visit]map[key]inventory.Observation

func (m model) play(t testing.TB, sc script) {
	for _, v := range sc {
		if m[v.coverage.Visit] == nil || v.coverage.State == inventory.Complete {
			m[v.coverage.Visit] = map[key]inventory.Observation{}
		}
		for _, w := range encoded(t, v.rows) {
			o, err := observe(w.kind, w.body)
			if err != nil {
				t.Fatal(err)
			}
			m[v.coverage.Visit][w.key()] = o
		}
	}
}

func encoded(t testing.TB, rows []inventory.Observation) []row {
	emitted, err := gather(rows)
	if err != nil {
		t.Fatal(err)
	}
	list, err := emitted.encode()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// learn adds what the visits of a scan know: it stands in place of what earlier scans knew.
func learn(t testing.TB, uses map[key]inventory.Volatile, sc script) {
	now := map[key]inventory.Volatile{}
	for _, v := range sc {
		for _, w := range encoded(t, v.rows) {
			now[w.key()] = mergeUse(now[w.key()], w.volatile)
		}
	}
	for k, v := range now {
		uses[k] = overlay(uses[k], v)
	}
}

func (m model) snapshot(sc inventory.Scan, last script) *inventory.Snapshot {
	snap := &inventory.Snapshot{Scan: sc}
	merged := map[key]inventory.Observation{}
	seen := map[key][]inventory.Visit{}
	for visit, rows := range m {
		for k, o := range rows {
			seen[k] = append(seen[k], visit)
			if merged[k] == nil {
				merged[k] = o
			}
			merged[k] = inventory.Merge(merged[k], o)
		}
	}
	for _, o := range merged {
		snap.Add(o)
	}
	addSeen(snap, seen)
	for _, v := range last {
		snap.Coverage = append(snap.Coverage, v.coverage)
	}
	snap.Sort()
	return snap
}
