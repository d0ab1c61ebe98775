package report

import (
	"fmt"

	"nhiscan/inventory"
)

// answerSection is one of the three questions: a sentence, its number, the table that proves it.
type answerSection struct {
	Question  string
	Big       string // "691"; empty when the number is unknown
	Of        string // "of 743"
	Says      string
	Bar       []segment
	Tick      string // where the published figure lies on the bar, in percent; empty for none
	Published string
	Caption   string
	Rows      []countRow
	Notes     []string
}

type countRow struct {
	Name, Note string
	N          int
	Bar        []segment
}

type measureRow struct{ Title, Value, Over, Text string }

// answerSections returns the three answers, the share of governed credentials, and what else was measured.
func (v *view) answerSections(rows *rowTally) (out []answerSection, governed *answerSection, also []measureRow) {
	if len(v.Measures) == 0 {
		return nil, nil, nil
	}
	for _, q := range []string{questionHere, questionWho, questionFast} {
		s := answerSection{Question: q}
		for _, a := range answerTexts {
			m, ok := v.measure(a.name)
			if !ok || a.question != q {
				continue
			}
			if s.Says == "" {
				s.lead(a, m)
				continue
			}
			s.Notes = append(s.Notes, a.note(m))
		}
		switch q {
		case questionHere:
			s.Caption, s.Rows = "Places that hold a secret, by surface", v.bySurface()
		case questionWho:
			s.Caption, s.Rows = "How sure the owners of credentials in force are", rows.bandRows()
		case questionFast:
			s.Caption, s.Rows = "Steps recorded since the first scan", v.byEvent()
		}
		if s.Says == "" {
			s.Says = "Not measured by this scan."
		}
		out = append(out, s)
	}
	for _, a := range answerTexts {
		m, ok := v.measure(a.name)
		switch {
		case !ok || a.question != questionAll:
		case a.name == "governed-share":
			governed = &answerSection{}
			governed.lead(a, m)
		default:
			also = append(also, measureRow{Title: a.title, Value: a.value(m), Over: a.of})
		}
	}
	return out, governed, also
}

func (s *answerSection) lead(a answerText, m inventory.Measure) {
	s.Published = a.published
	if m.Denominator == 0 {
		s.Says = a.none
		if m.Unknown > 0 {
			s.Says += " Unknown: " + number(m.Unknown) + "."
		}
		return
	}
	s.Big, s.Of, s.Says = number(m.Numerator), "of "+number(m.Denominator), a.says
	if p := percent(m.Numerator, m.Denominator); p != "" {
		s.Of += " (" + p + ")"
	}
	if m.Unknown > 0 {
		s.Says += fmt.Sprintf(" %s unknown.", number(m.Unknown))
	}
	if m.Numerator+m.Unknown <= m.Denominator {
		s.Bar = bar(part{m.Numerator, "f1"}, part{m.Unknown, "hatch"}, part{m.Denominator - m.Numerator - m.Unknown, "f4"})
	}
	if a.target > 0 {
		s.Tick = fmt.Sprintf("%.1f%%", 100*a.target)
	}
}

// note is a further measure of a question as a sentence.
func (a answerText) note(m inventory.Measure) string {
	if m.Denominator == 0 {
		return a.none
	}
	if a.ratio() {
		return fmt.Sprintf("%.1f places for each distinct secret: %s places, %s secrets.", round1(float64(m.Numerator)/float64(m.Denominator)), number(m.Numerator), number(m.Denominator))
	}
	s := a.value(m) + " " + a.says
	if a.published != "" {
		s += " Published: " + a.published + "."
	}
	return s
}

var surfaces = []struct{ id, title string }{
	{inventory.SurfaceVariable, "CI/CD variables"}, {inventory.SurfaceFile, "Files at the head"}, {inventory.SurfaceHistory, "Only in history"},
	{inventory.SurfaceCI, "CI configuration"}, {inventory.SurfaceSchedule, "Schedules"}, {inventory.SurfaceURL, "Webhook and mirror addresses"},
	{inventory.SurfaceDescription, "Descriptions"}, {inventory.SurfaceSnippet, "Snippets"}, {inventory.SurfaceWiki, "Wikis"},
	{inventory.SurfaceRelease, "Releases"}, {inventory.SurfaceLog, "Job logs"}, {inventory.SurfaceSetting, "Settings"}, {inventory.SurfaceToken, "Tokens that GitLab shows"},
}

func (v *view) bySurface() []countRow {
	places, values := map[string]int{}, map[string]map[string]bool{}
	for l := range v.x.Locations.All() {
		if l.SecretLike != inventory.Yes && l.Fingerprint == "" {
			continue
		}
		places[l.Surface]++
		if values[l.Surface] == nil {
			values[l.Surface] = map[string]bool{}
		}
		if l.Fingerprint != "" {
			values[l.Surface][l.Fingerprint] = true
		}
	}
	var rows []countRow
	for _, s := range surfaces {
		rows = append(rows, countRow{Name: s.title, N: places[s.id], Note: count(len(values[s.id]), "value", "values")})
	}
	return withBars(rows)
}

// bandRows says how many of the credentials that are not known to be dead have an owner, by how sure that is.
func (t *rowTally) bandRows() []countRow {
	n := t.bands
	return withBars([]countRow{
		{Name: "Confirmed by a person or file", N: n[inventory.OwnerConfirmed]}, {Name: "Declared on the object", N: n[inventory.OwnerDeclared]},
		{Name: "Inferred", N: n[inventory.OwnerInferred], Note: "at least 0.6"}, {Name: "Weak", N: n[inventory.OwnerWeak], Note: "0.3 to 0.6"},
		{Name: "None", N: n[inventory.OwnerNone], Note: "under 0.3"}, {Name: "Orphaned: owner gone", N: n[inventory.OwnerOrphaned]},
		{Name: "Unknown: not resolved", N: n["unknown"]},
	})
}

func (v *view) byEvent() []countRow {
	n := v.lists.EventCounts()
	return withBars([]countRow{
		{Name: "Exposed", N: n[inventory.Exposed]}, {Name: "Reported", N: n[inventory.Reported]}, {Name: "Revoked", N: n[inventory.RevokedEvent]},
		{Name: "Rotated", N: n[inventory.Rotated]}, {Name: "Removed", N: n[inventory.Removed]}, {Name: "Expired", N: n[inventory.ExpiredEvent]},
		{Name: "Reappeared", N: n[inventory.Reappeared]}, {Name: "Owners left", N: n[inventory.OwnerLeft]}, {Name: "Projects archived", N: n[inventory.ProjectArchived]},
	})
}

// withBars draws every count against the greatest.
func withBars(rows []countRow) []countRow {
	most := 0
	for _, r := range rows {
		most = max(most, r.N)
	}
	for i, r := range rows {
		if most > 0 && r.N > 0 {
			rows[i].Bar = bar(part{r.N, "f2"}, part{most - r.N, "no"})
		}
	}
	return rows
}

// measureRows lists all measures with their definitions, for Method.
func (v *view) measureRows() []measureRow {
	known := map[string]answerText{}
	for _, a := range answerTexts {
		known[a.name] = a
	}
	var out []measureRow
	for _, m := range sorted(v.Measures, compareMeasures) {
		a, ok := known[m.Name]
		if m.Scope != "instance" {
			continue
		}
		if !ok {
			a = answerText{name: m.Name, title: m.Name, of: "subjects"}
		}
		out = append(out, measureRow{Title: clean(a.title, nameMax), Value: a.value(m), Over: a.of, Text: a.definition})
	}
	return out
}
