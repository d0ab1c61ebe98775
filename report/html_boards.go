package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"nhiscan/inventory"
)

// ageBars draws the open gaps by age in a box of 60 by 18 units.
func ageBars(ages [5]int) (bars []histBar, text string) {
	most := slices.Max(ages[:])
	var parts []string
	for i, n := range ages {
		parts = append(parts, number(n))
		if n > 0 {
			h := max(1.5, 17*float64(n)/float64(most))
			bars = append(bars, histBar{fmt.Sprint(i * 12), fmt.Sprintf("%.1f", 18-h), fmt.Sprintf("%.1f", h)})
		}
	}
	return bars, strings.Join(parts, ", ")
}

// The window of the expiry calendar.
const (
	expiryWeeks = 14 // 90 days touch so many at most
	expiryDays  = 90
	expiryShown = 60
)

// usedWithin is how recent a use must be for the end of a credential to stop somebody's work.
const usedWithin = 90

type expirySection struct {
	Line  string
	Weeks []expiryWeek
	Rows  []htmlRow
	More  int
}

type expiryWeek struct {
	Monday string
	Days   [7]expiryDay
	Ends   int
	InUse  int
	Unseen int // last use unknown
}

type expiryDay struct {
	N       int
	Class   string
	Outside bool // before today, or past the window
}

// expiryTally counts what ends in the next 90 days.
type expiryTally struct {
	v               *view
	today, first    time.Time // first is the Monday at which the calendar begins
	weeks           []expiryWeek
	ending          []endingRow
	active, unknown int
}

type endingRow struct {
	id string
	at inventory.When
}

func newExpiryTally(v *view) *expiryTally {
	today := v.now.UTC().Truncate(24 * time.Hour)
	t := &expiryTally{v: v, today: today, first: today.AddDate(0, 0, -(int(today.Weekday())+6)%7), weeks: make([]expiryWeek, expiryWeeks)}
	for i := range t.weeks {
		t.weeks[i].Monday = t.first.AddDate(0, 0, 7*i).Format("2 Jan")
		for j := range t.weeks[i].Days {
			d := t.first.AddDate(0, 0, 7*i+j)
			t.weeks[i].Days[j].Outside = d.Before(today) || d.After(today.AddDate(0, 0, expiryDays))
		}
	}
	return t
}

// add takes the row of a credential in force.
func (t *expiryTally) add(r row) {
	t.active++
	at, ok := r.Expires.Time()
	if r.Expires.IsUnknown() {
		t.unknown++
	}
	if day := at.Truncate(24 * time.Hour); ok && !day.Before(t.today) && !day.After(t.today.AddDate(0, 0, expiryDays)) {
		t.ending = append(t.ending, endingRow{r.ID, r.Expires})
		t.count(r, int(day.Sub(t.first)/(24*time.Hour)))
	}
}

// section returns the section; nil when there was no credential to count.
func (t *expiryTally) section() *expirySection {
	if t.v.now.IsZero() || t.v.x.Credentials.Len() == 0 {
		return nil
	}
	for i := range t.weeks {
		t.weeks[i].shade()
	}
	slices.SortFunc(t.ending, func(a, b endingRow) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	s := &expirySection{Weeks: t.weeks, More: max(0, len(t.ending)-expiryShown)}
	s.Line = fmt.Sprintf("%s of %s in force end by %s; of %s the expiry is unknown.", number(len(t.ending)), count(t.active, "credential", "credentials"),
		t.today.AddDate(0, 0, expiryDays).Format(time.DateOnly), number(t.unknown))
	for _, e := range t.ending[:min(len(t.ending), expiryShown)] {
		s.Rows = append(s.Rows, t.v.htmlRow(t.v.row(e.id)))
	}
	return s
}

func (t *expiryTally) count(r row, days int) {
	if days/7 >= len(t.weeks) {
		return
	}
	w := &t.weeks[days/7]
	w.Ends++
	w.Days[days%7].N++
	switch used, ok := r.Used.DaysBefore(t.today); {
	case r.Used.IsUnknown():
		w.Unseen++
	case ok && used <= usedWithin:
		w.InUse++
	}
}

func (w *expiryWeek) shade() {
	for i, d := range w.Days {
		switch {
		case d.N >= 20:
			w.Days[i].Class = "c4"
		case d.N >= 5:
			w.Days[i].Class = "c3"
		case d.N >= 2:
			w.Days[i].Class = "c2"
		case d.N == 1:
			w.Days[i].Class = "c1"
		}
	}
}

// reuseRow is one value that lies in several places.
type reuseRow struct {
	Name, Print, Where, Owner, Page string
	Places, Projects                int
	Public                          bool // one of the homes is public or internal
}

// reuseShown is how many values the page lists.
const reuseShown = 40

// reuse lists the values with several places, most places first. The line is empty when no value was seen.
func (v *view) reuse() ([]reuseRow, string) {
	values, shared := 0, 0
	var out []reuseRow
	for print := range v.x.Fingerprints() {
		values++
		places := v.x.SameValue(print)
		if len(places) < 2 {
			continue
		}
		shared++
		out = append(out, v.reuseRow(print, places))
	}
	if values == 0 {
		return nil, ""
	}
	slices.SortFunc(out, func(a, b reuseRow) int {
		return cmp.Or(-cmp.Compare(a.Places, b.Places), -cmp.Compare(a.Projects, b.Projects), cmp.Compare(a.Print, b.Print), cmp.Compare(a.Page, b.Page))
	})
	line := fmt.Sprintf("%s of %s that could be read lie in more than one place.", number(shared), count(values, "distinct value", "distinct values"))
	if len(out) > reuseShown {
		line += fmt.Sprintf(" The %d with the most places:", reuseShown)
		out = out[:reuseShown]
	}
	return out, line
}

func (v *view) reuseRow(print string, places []*inventory.Location) reuseRow {
	r := reuseRow{Print: short(print), Places: len(places), Owner: "unknown", Name: clean(cmp.Or(places[0].Key, places[0].Hint, places[0].Detector, "value"), nameMax)}
	groups, projects := map[string]int{}, map[string]bool{}
	for _, l := range places {
		groups[v.topGroup(l.Home)]++
		projects[l.Home] = true
		if h := v.x.Home(l.Home); h != nil && (h.Visibility == "public" || h.Visibility == "internal") {
			r.Public = true
		}
		if c := v.x.Credential(l.Credential); c != nil && r.Page == "" {
			row := v.credentialRow(c)
			r.Page, r.Owner, r.Name = row.Page, ownerText(row.Owner), clean(cmp.Or(row.Name, r.Name), nameMax)
		}
	}
	r.Projects = len(projects)
	names := make([]string, 0, len(groups))
	for g := range groups {
		names = append(names, g)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(-cmp.Compare(groups[a], groups[b]), cmp.Compare(a, b)) })
	var parts []string
	for i, g := range names {
		if i == 8 {
			parts = append(parts, fmt.Sprintf("and %d more", len(names)-i))
			break
		}
		parts = append(parts, clean(g, nameMax)+" "+number(groups[g]))
	}
	r.Where = strings.Join(parts, ", ")
	return r
}
