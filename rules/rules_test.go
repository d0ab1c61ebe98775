package rules

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v4"

	"nhiscan/inventory"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// testNow is the clock of every test.
var testNow = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// rows is a snapshot as testdata writes it: compact YAML with the JSON names of the rows.
type rows struct {
	Scan        inventory.Scan         `json:"scan"`
	Homes       []inventory.Home       `json:"homes"`
	Users       []inventory.User       `json:"users"`
	Grants      []inventory.Grant      `json:"grants"`
	Identities  []inventory.Identity   `json:"identities"`
	Credentials []inventory.Credential `json:"credentials"`
	Locations   []inventory.Location   `json:"locations"`
	Usages      []inventory.Usage      `json:"usages"`
	Owners      []inventory.Owner      `json:"owners"`
	Coverage    []inventory.Coverage   `json:"coverage"`
	Events      []inventory.Event      `json:"events"` // of this and earlier scans
}

// parseRows reads YAML documents, each adding its rows to those before.
func parseRows(t *testing.T, documents ...[]byte) (*inventory.Snapshot, History) {
	t.Helper()
	s, h := &inventory.Snapshot{}, History{}
	for _, doc := range documents {
		var any map[string]any
		if err := yaml.Unmarshal(doc, &any); err != nil {
			t.Fatalf("yaml: %v", err)
		}
		text, err := json.Marshal(any)
		if err != nil {
			t.Fatal(err)
		}
		r := rows{Scan: s.Scan}
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&r); err != nil {
			t.Fatalf("rows: %v\n%s", err, text)
		}
		s.Scan = r.Scan
		s.Homes = append(s.Homes, r.Homes...)
		s.Users = append(s.Users, r.Users...)
		s.Grants = append(s.Grants, r.Grants...)
		s.Identities = append(s.Identities, r.Identities...)
		s.Credentials = append(s.Credentials, r.Credentials...)
		s.Locations = append(s.Locations, r.Locations...)
		s.Usages = append(s.Usages, r.Usages...)
		s.Owners = append(s.Owners, r.Owners...)
		s.Coverage = append(s.Coverage, r.Coverage...)
		h.Events = append(h.Events, r.Events...)
	}
	s.Sort()
	return s, h
}

// judge runs one rule and writes each answer as the testdata does, one block per subject that is applicable.
func judge(s *inventory.Snapshot, h History, r Rule) string {
	p := newPass(inventory.NewIndex(s), h, DefaultPolicy(), testNow)
	var out []string
	for at := range p.places() {
		r.Check.judge(p, at, func(who subject, v Verdict) {
			line := fmt.Sprintf("%s: %s", v.answer, who.id)
			switch v.answer {
			case fail:
				g := p.gap(&r, who, v)
				line = fmt.Sprintf("fail: %s\n  %s\n  %s\n", who.id, g.Message, g.Arithmetic)
				for _, e := range g.Evidence {
					line += "  - " + e + "\n"
				}
				line = strings.TrimSuffix(line, "\n")
			case unknown:
				line += "\n  " + v.reason.String()
			}
			out = append(out, line)
		})
	}
	slices.Sort(out)
	return strings.Join(out, "\n") + "\n"
}

// TestRules runs testdata/<id>.txtar: base.yaml holds rows that all cases share, NAME.yaml a case's own,
// NAME.txt what the rule says. A case is named for the answer it shows: fail, fail-public, unknown-hidden, ….
func TestRules(t *testing.T) {
	for _, r := range All() {
		t.Run(r.ID, func(t *testing.T) {
			path := filepath.Join("testdata", r.ID+".txtar")
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			runArchive(t, r, archive)
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func runArchive(t *testing.T, r Rule, archive *txtar.Archive) {
	files := map[string][]byte{}
	for _, f := range archive.Files {
		files[f.Name] = f.Data
	}
	shown := map[string]bool{}
	var result []txtar.File
	for _, f := range archive.Files {
		name, isCase := strings.CutSuffix(f.Name, ".yaml")
		if !isCase {
			continue
		}
		result = append(result, f)
		if name == "base" {
			continue
		}
		snapshot, history := parseRows(t, files["base.yaml"], f.Data)
		got := judge(snapshot, history, r)
		result = append(result, txtar.File{Name: name + ".txt", Data: []byte(got)})
		answer := answerOf(name)
		shown[answer] = true
		if !strings.Contains("\n"+got, "\n"+answer+": ") {
			t.Errorf("%s: no answer %q in:\n%s", name, answer, got)
		}
		if diff := cmp.Diff(string(files[name+".txt"]), got); diff != "" && !*update {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, a := range []answer{pass, fail, unknown, notApplicable} {
		if !shown[a.String()] {
			t.Errorf("no case for the answer %s", a)
		}
	}
	archive.Files = result
}

// answerOf returns the answer that a case's name starts with.
func answerOf(name string) string {
	if strings.HasPrefix(name, "not-applicable") {
		return "not-applicable"
	}
	first, _, _ := strings.Cut(name, "-")
	return first
}

// TestMessagesStayTheSameByTheDay: a gap that lasts is one row of the history, not one for every night.
func TestMessagesStayTheSameByTheDay(t *testing.T) {
	compared := 0
	for _, r := range All() {
		archive, err := txtar.ParseFile(filepath.Join("testdata", r.ID+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		var base []byte
		for _, f := range archive.Files {
			name, isCase := strings.CutSuffix(f.Name, ".yaml")
			if name == "base" {
				base = f.Data
			}
			if !isCase || name == "base" {
				continue
			}
			snapshot, history := parseRows(t, base, f.Data)
			today := gapTexts(snapshot, history, r, testNow)
			for subject, text := range gapTexts(snapshot, history, r, testNow.Add(24*time.Hour)) {
				if before, ok := today[subject]; ok && before != text {
					t.Errorf("%s, %s, %s: a day later\n%s\nbefore\n%s", r.ID, name, subject, text, before)
				}
				compared++
			}
		}
	}
	if compared < len(All()) {
		t.Errorf("%d gaps compared, want one for each rule", compared)
	}
}

// gapTexts returns the message and the evidence of each gap, by its subject.
func gapTexts(s *inventory.Snapshot, h History, r Rule, now time.Time) map[string]string {
	p := newPass(inventory.NewIndex(s), h, DefaultPolicy(), now)
	texts := map[string]string{}
	for at := range p.places() {
		r.Check.judge(p, at, func(who subject, v Verdict) {
			if v.answer == fail {
				g := p.gap(&r, who, v)
				texts[who.id] += g.Message + "\n" + strings.Join(g.Evidence, "\n")
			}
		})
	}
	return texts
}
