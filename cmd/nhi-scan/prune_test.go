package main

import (
	"testing"

	"nhiscan/inventory/store"
)

func TestPrunedText(t *testing.T) {
	for want, p := range map[string]store.Pruned{
		"nothing to delete: no scan ended more than 400 days ago":                        {Kept: 1},
		"deleted 1 scan with 1 row and 0 events; the history begins with scan 2":         {Kept: 2, Scans: 1, Versions: 1},
		"deleted 20 scans with 21 rows and 193 events; the history begins with scan 300": {Kept: 300, Scans: 20, Versions: 1, Sightings: 2, Volatile: 3, Coverage: 4, Results: 5, Content: 6, Events: 193},
	} {
		if got := prunedText(p, 400); got != want {
			t.Errorf("prunedText(%+v) = %q, want %q", p, got, want)
		}
	}
}
