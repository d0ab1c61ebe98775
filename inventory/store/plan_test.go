package store

import (
	"database/sql"
	"strings"
	"testing"
)

// TestStatementsFindRowsByID asks SQLite how it finds the rows of statements that run for every visit. By scan would be
// every row of that scan each time: a first scan would take quadratic time.
func TestStatementsFindRowsByID(t *testing.T) {
	s := sqliteDatabase(t).open(t, Options{})
	statements := map[string]string{
		"sightings_of_visit": sightingsOfVisit, "sightings_of_rows": sightingsOfRows, "versions_of_rows": versionsOfRows, "set_bodies": setBodies,
		"sighting_reopen": sightingSteps.reopen, "sighting_close": sightingSteps.close, "sighting_drop": sightingSteps.drop,
		"version_reopen": versionSteps.reopen, "version_close": versionSteps.close, "version_drop": versionSteps.drop,
		"uses_of_rows": usesOfRows, "drop_uses": dropUses, "drop_old_uses": dropOldUses, "result_close": resultSteps.close,
		"sightings_before": sightingsBefore, "unchanged_credentials": unchangedCredentials, "rows_by_id": rowsByID,
		"same_coverage": sameCoverage, "drop_coverage": dropCoverage, "cut_coverage": cutCoverage, "read_content": readContent,
		"gaps_on_rows": gapsOnRows, "owners_of_rows": ownersOfRows, "events_of_rows": eventsOfRows,
	}
	for name, statement := range statements {
		arguments := make([]any, 0, 9)
		for i := range cap(arguments) {
			if strings.Contains(statement, "$"+string(rune('1'+i))) {
				arguments = append(arguments, "{}")
			}
		}
		var plan []string
		err := s.read().each(t.Context(), func(rows *sql.Rows) error {
			var id, parent, unused int
			var step string
			err := rows.Scan(&id, &parent, &unused, &step)
			plan = append(plan, step)
			return err
		}, "EXPLAIN QUERY PLAN "+statement, arguments...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text := strings.Join(plan, "; ")
		for _, slow := range []string{"sighting_from", "sighting_to", "version_from", "version_to", "coverage_last", "SCAN sighting", "SCAN version", "SCAN volatile", "SCAN coverage", "SCAN result", "SCAN event", "SCAN content", "(instance=? AND kind=?)"} {
			if strings.Contains(text, slow) {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}
