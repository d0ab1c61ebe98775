package inventory

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWhenRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := At(time.Unix(rapid.Int64Range(-62135596799, 253402300799).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")))
		if rapid.Bool().Draw(t, "other") {
			w = rapid.SampledFrom([]When{{}, Never}).Draw(t, "w")
		}
		if got, err := ParseWhen(w.String()); got != w || err != nil {
			t.Fatalf("ParseWhen(%q) = %v, %v", w.String(), got, err)
		}
		text, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		got := Never
		if err := json.Unmarshal(text, &got); got != w || err != nil {
			t.Fatalf("Unmarshal(%s) = %v, %v; want %v", text, got, err, w)
		}
	})
}

func TestWhenJSON(t *testing.T) {
	for w, want := range map[When]string{{}: `null`, Never: `"never"`, At(time.Date(2026, 3, 1, 1, 2, 3, 999, time.FixedZone("", 3600))): `"2026-03-01T00:02:03Z"`} {
		if got, err := json.Marshal(w); string(got) != want || err != nil {
			t.Errorf("Marshal(%v) = %s, %v; want %s", w, got, err, want)
		}
	}
}

func TestParseWhen(t *testing.T) {
	tests := map[string]struct {
		want When
		ok   bool
	}{
		"":                              {When{}, true},
		"never":                         {Never, true},
		"2026-03-01":                    {At(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)), true},
		"2026-03-01T10:00:00.123+02:00": {At(time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)), true},
		"2026-03-01 10:00:00 UTC":       {At(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)), true},
		"2026-03-01 10:00:00 -0700":     {At(time.Date(2026, 3, 1, 17, 0, 0, 0, time.UTC)), true},
		"2026-02-30":                    {When{}, false},
		"Never":                         {When{}, false},
		"yesterday":                     {When{}, false},
	}
	for text, test := range tests {
		if got, err := ParseWhen(text); got != test.want || (err == nil) != test.ok {
			t.Errorf("ParseWhen(%q) = %v, %v; want %v, ok %t", text, got, err, test.want, test.ok)
		}
	}
	for _, text := range []string{`1`, `true`, `{}`, `"soon"`} {
		if w := Never; json.Unmarshal([]byte(text), &w) == nil {
			t.Errorf("Unmarshal(%s) = %v, want an error", text, w)
		}
	}
}

func TestWhenOrder(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	order := []When{{}, Never, At(noon.Add(-time.Hour)), At(noon)}
	for i, a := range order {
		for j, b := range order {
			if got := a.Compare(b); got != max(-1, min(1, i-j)) {
				t.Errorf("%v.Compare(%v) = %d, want the sign of %d", a, b, got, i-j)
			}
		}
		if got, want := a.Before(noon), i == 2; got != want {
			t.Errorf("%q.Before(noon) = %t, want %t", a, got, want)
		}
	}
	days := []struct {
		before time.Duration
		want   int
	}{{0, 0}, {time.Hour, 0}, {24 * time.Hour, 1}, {47 * time.Hour, 1}, {-time.Second, -1}, {-24 * time.Hour, -1}, {-25 * time.Hour, -2}}
	for _, d := range days {
		if got, ok := At(noon.Add(-d.before)).DaysBefore(noon); got != d.want || !ok {
			t.Errorf("DaysBefore at %v before = %d, %t; want %d", d.before, got, ok, d.want)
		}
	}
	if _, ok := Never.DaysBefore(noon); ok {
		t.Error("Never.DaysBefore is ok")
	}
	if !At(time.Time{}).IsUnknown() {
		t.Error("At of the zero time is not unknown")
	}
}

func TestTriRoundTrips(t *testing.T) {
	for tri, want := range map[Tri]string{Unknown: "null", No: "false", Yes: "true"} {
		text, err := json.Marshal(tri)
		if string(text) != want || err != nil {
			t.Errorf("Marshal(%v) = %s, %v; want %s", tri, text, err, want)
		}
		for _, got := range []Tri{Unknown, No, Yes} {
			if err := json.Unmarshal(text, &got); got != tri || err != nil {
				t.Errorf("Unmarshal(%s) = %v, %v; want %v", text, got, err, tri)
			}
		}
	}
	for _, text := range []string{`"true"`, `1`, `{}`} {
		var tri Tri
		if json.Unmarshal([]byte(text), &tri) == nil {
			t.Errorf("Unmarshal(%s) = %v, want an error", text, tri)
		}
	}
}

// Absent, null and false stay apart in a row that is read from JSON.
func TestAbsentNullAndFalseStayApart(t *testing.T) {
	for text, want := range map[string]User{`{}`: {}, `{"bot":null}`: {}, `{"bot":false,"created_at":"never"}`: {Bot: No, CreatedAt: Never}, `{"bot":true}`: {Bot: Yes}} {
		var got User
		if err := json.Unmarshal([]byte(text), &got); err != nil || diff(want, got) != "" {
			t.Errorf("Unmarshal(%s) = %+v, %v; want %+v", text, got, err, want)
		}
	}
}
