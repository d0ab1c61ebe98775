package gate

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
)

// salted is a baseline with a salt and cheap parameters.
func salted() *Baseline {
	b := NewBaseline("base", bytes.Repeat([]byte{7}, saltSize))
	b.p.Memory, b.p.Time = 8<<10, 1
	return b
}

func found(value, path string) Secret {
	v := secret.New(value)
	return Secret{Detector: "d", value: v, Places: []Place{{Path: path, Finding: detect.Finding{Detector: "d", Line: 1, Secret: v}}}}
}

func day(s string) time.Time {
	d, err := ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

func TestBaselineBindsTheValue(t *testing.T) {
	b := salted()
	b.Add(found("EXAMPLE-value\n", "a"), "ada", "why", today, day("2026-11-26"))
	b.Add(found("tiny", "a"), "ada", "why", today, day("2026-11-26"))
	read, problems := ParseBaseline("base", b.Text())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	lastMoment := time.Date(2026, 11, 26, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		value, path string
		at          time.Time
		want        string // accepted, expired, or nothing
	}{
		{"EXAMPLE-value", "a", lastMoment, "accepted"},
		{"EXAMPLE-value", "elsewhere", lastMoment, "accepted"},
		{"EXAMPLE-value", "a", lastMoment.Add(time.Second), "expired"},
		{"EXAMPLE-valuE", "a", lastMoment, ""},
		{"tiny", "a", lastMoment, "accepted"},
		{"slim", "a", lastMoment, "accepted"}, // bound to its place, for want of a hash
		{"tiny", "elsewhere", lastMoment, ""},
	} {
		got := ""
		if x := read.find(found(c.value, c.path), c.at); x != nil {
			got = "accepted"
			if x.Expired {
				got = "expired"
			}
			if x.Owner != "ada" || x.Reason != "why" || x.Line < 3 {
				t.Errorf("exception = %+v", x)
			}
		}
		if got != c.want {
			t.Errorf("find(%s in %s at %s) = %q, want %q", c.value, c.path, c.at, got, c.want)
		}
	}
	if text := string(b.Text()); strings.Contains(text, "EXAMPLE-value") || strings.Contains(text, "tiny") {
		t.Errorf("the baseline holds a value:\n%s", text)
	}
}

func TestBaselineIsWrittenTheSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		values := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z"\\<é]{1,12}`), 1, 4, rapid.ID).Draw(r, "values")
		one, two := salted(), salted()
		one.p.Memory, two.p.Memory = 8, 8 // not allowed in a file, but quick
		for _, v := range values {
			one.Add(found(v, v), v, v, today, day("2027-01-01"))
		}
		for _, v := range rapid.Permutation(values).Draw(r, "order") {
			two.Add(found(v, v), v, v, today, day("2027-01-01"))
			two.Add(found(v, v), v, v, today, day("2027-01-01")) // again: in its own place
		}
		if !bytes.Equal(one.Text(), two.Text()) {
			r.Fatalf("two orders:\n%s\n%s", one.Text(), two.Text())
		}
		one.p.Memory = 8 << 10
		read, problems := ParseBaseline("base", one.Text())
		if len(problems) > 0 || !bytes.Equal(read.Text(), one.Text()) {
			r.Fatalf("read back: %v\n%s", problems, one.Text())
		}
	})
}

func TestBaselineSaysWhatIsWrong(t *testing.T) {
	head := `{"schema":"nhi-scan/baseline/1","argon2id":{"memory_kib":8192,"time":1,"threads":1},"salt":"` + strings.Repeat("07", 16) + `"}` + "\n"
	hash := `"hash":"` + strings.Repeat("ab", hashSize) + `"`
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"comments_only", "# x\n\n", ""},
		{"no_header", "x\n", "base, line 1: want one JSON object: invalid character 'x' looking for beginning of value"},
		{"other_schema", "\n" + `{"schema":"other"}`, `base, line 2: schema is "other", want "nhi-scan/baseline/1"`},
		{"no_salt", strings.ReplaceAll(head, "07", ""), "base, line 1: salt: want 32 to 128 hexadecimal digits"},
		{"costly", strings.Replace(head, "8192", "4000000000", 1), "base, line 1: argon2id: want memory_kib of 8192 to 131072, time of 1 to 8, threads of 1 to 4"},
		{"cheap", strings.Replace(head, "8192", "8", 1), "base, line 1: argon2id: want memory_kib of 8192 to 131072, time of 1 to 8, threads of 1 to 4"},
		{"no_owner", head + `{` + hash + `,"reason":"r","until":"2027-01-01"}`, "base, line 2: owner is missing"},
		{"blank_reason", head + `{` + hash + `,"owner":"o","reason":" ","until":"2027-01-01"}`, "base, line 2: reason is missing"},
		{"no_end", head + `{` + hash + `,"owner":"o","reason":"r"}`, "base, line 2: until is missing"},
		{"no_day", head + `{` + hash + `,"owner":"o","reason":"r","until":"never"}`, `base, line 2: until: "never": want a date like 2027-01-31`},
		{"no_hash", head + `{"path":"a","detector":"d","owner":"o","reason":"r","until":"2027-01-01"}`, `base, line 2: want a "hash" of 64 hexadecimal digits, or "bound": "place" with path and detector`},
		{"short_hash", head + `{"hash":"ab","owner":"o","reason":"r","until":"2027-01-01"}`, `base, line 2: want a "hash" of 64 hexadecimal digits, or "bound": "place" with path and detector`},
		{"unknown_key", head + `{` + hash + `,"ownr":"o"}`, `base, line 2: want one JSON object: json: unknown field "ownr"`},
		{"two_on_a_line", head + `{` + hash + `,"owner":"o","reason":"r","until":"2027-01-01"} {}`, "base, line 2: want one JSON object, and nothing behind it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, problems := ParseBaseline("base", []byte(c.text))
			var got []string
			for _, p := range problems {
				got = append(got, p.Error())
			}
			if strings.Join(got, "; ") != c.want || len(b.entries) != 0 {
				t.Errorf("problems = %q, %d entries; want %q and none", got, len(b.entries), c.want)
			}
		})
	}
	b, problems := ParseBaseline("base", []byte(head+"x\n{"+hash+`,"path":"p","detector":"d","owner":"o","reason":"r","until":"2027-01-01"}`))
	if len(b.entries) != 1 || len(problems) != 1 {
		t.Errorf("one bad line: %d entries, %v; want the good one kept", len(b.entries), problems)
	}
	if _, problems := ParseBaseline("base", []byte(head+strings.Repeat("x\n", 1000))); len(problems) != 100 {
		t.Errorf("%d problems told, want 100", len(problems))
	}
}

func FuzzExceptions(f *testing.F) {
	f.Add(".nhi-baseline", salted().Text())
	f.Add("b.json", []byte(`[{"RuleID":"r","StartLine":1,"File":"a","Commit":"","Secret":"x"}]`))
	f.Add(".gitleaksignore", []byte("a:b:c:1\n"+strings.Repeat("a", 40)+":f:r:2\nx"))
	f.Add(".secrets.baseline", []byte(`{"results":{"a":[{"hashed_secret":"`+strings.Repeat("a", 40)+`","line_number":1}]}}`))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		e := &Exceptions{}
		e.Add(name, text)
		if by := e.named(found("EXAMPLE-value", "a")); by != nil && !slices.ContainsFunc(e.values, func(a accepted) bool { return a.value.Len() > 0 }) && len(e.hashes) == 0 {
			t.Errorf("accepted by %v", by)
		}
		for _, b := range e.baselines {
			if by := b.find(found("EXAMPLE-value", "a"), today); by != nil && len(b.entries) == 0 {
				t.Errorf("accepted by %v", by)
			}
		}
	})
}
