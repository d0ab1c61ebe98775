package ciyaml

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestResolve_oracle compares with what gitlab-ci-local makes of the same files: NHI_ORACLE is the work folder of
// script/compare-ci-local. It prints the share that is equal, and in which parts the others differ.
func TestResolve_oracle(t *testing.T) {
	work := os.Getenv("NHI_ORACLE")
	answers, _ := filepath.Glob(filepath.Join(work, "answers", "*", "*.yml"))
	if work == "" || len(answers) == 0 {
		t.Skip("no answers of gitlab-ci-local: see script/compare-ci-local")
	}
	equal, all, parts := map[string]int{}, map[string]int{}, map[string]int{}
	for _, answer := range answers {
		theirs, err := os.ReadFile(answer)
		if err != nil {
			t.Fatal(err)
		}
		if len(theirs) == 0 {
			continue // it could not read them either
		}
		set, name := filepath.Base(filepath.Dir(answer)), strings.TrimSuffix(filepath.Base(answer), ".yml")
		all[set]++
		want, err := Read(theirs, Options{})
		if err != nil {
			t.Errorf("%s: their answer: %v", name, err)
			continue
		}
		got, err := resolveFolder(t, filepath.Join(work, "projects", set, name))
		if err != nil {
			t.Logf("%s/%s: %v", set, name, err)
			continue
		}
		differing := compareJobs(want.Jobs, got.Jobs)
		if len(differing) == 0 {
			equal[set]++
			continue
		}
		t.Logf("%s/%s differs:\n\t%s", set, name, strings.Join(differing, "\n\t"))
		for _, d := range differing {
			part, _, _ := strings.Cut(d, " of ")
			if parts[part]++; deviations[part] == "" {
				t.Errorf("%s/%s: no known deviation of the tool explains: %s", set, name, d)
			}
		}
	}
	for _, set := range slices.Sorted(maps.Keys(all)) {
		t.Logf("%s: %d of %d that gitlab-ci-local resolves offline are equal", set, equal[set], all[set])
	}
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		t.Logf("%s differs %d times: %s", part, parts[part], deviations[part])
	}
}

// deviations say why gitlab-ci-local 4.72.0 and GitLab differ in a part of a job.
var deviations = map[string]string{
	"Tags":     "the tool does not give default:tags to jobs",
	"IDTokens": "the tool does not give default:id_tokens to jobs",
	"Cache":    "the tool leaves out a cache without paths",
	"Name":     oneRef,
	"Script":   oneRef,
	"Needs":    oneRef,
}

const oneRef = "the tool decides rules for one ref, here all branches are read; and it takes inputs and variables from its own files"

func resolveFolder(t *testing.T, dir string) (*Config, error) {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	text, err := root.ReadFile(".gitlab-ci.yml")
	if err != nil {
		return nil, err
	}
	return Resolve(context.Background(), text, ".gitlab-ci.yml", Options{Fetch: Dir(root.FS())})
}

// notCompared are parts of a job that the tool decides (rules), leaves as they are, or has no word for.
var notCompared = []string{"Rules", "Extends", "References", "Globals", "Conditional", "Origin", "Matrix"}

// compareJobs names the parts in which jobs differ that run on a runner: "Tags of build: …".
func compareJobs(theirs, ours []Job) []string {
	var out []string
	byName := map[string]Job{}
	for _, j := range ours {
		byName[j.Name] = plainJob(j)
	}
	for _, j := range theirs {
		own, ok := byName[j.Name]
		delete(byName, j.Name)
		if j.Trigger != nil {
			continue
		}
		if !ok {
			out = append(out, "Name of "+j.Name+" is theirs alone")
			continue
		}
		a, b := reflect.ValueOf(plainJob(j)), reflect.ValueOf(own)
		for i := range a.NumField() {
			field := a.Type().Field(i).Name
			if slices.Contains(notCompared, field) {
				continue
			}
			x, y := a.Field(i).Interface(), b.Field(i).Interface()
			if !gocmp.Equal(x, y, cmpopts.EquateEmpty(), cmpopts.IgnoreTypes(Origin{})) {
				out = append(out, fmt.Sprintf("%s of %s: theirs %.300s, ours %.300s", field, j.Name, fmt.Sprint(x), fmt.Sprint(y)))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if byName[name].Trigger == nil {
			out = append(out, "Name of "+name+" is ours alone")
		}
	}
	return out
}

// plainJob leaves out how a text is written, and writes what the tool writes out.
func plainJob(j Job) Job {
	for i := range j.Script {
		j.Script[i].Text = strings.TrimSpace(j.Script[i].Text)
		j.Script[i].Origin = Origin{}
	}
	for i := range j.Cache {
		j.Cache[i].Policy = cmp.Or(j.Cache[i].Policy, "pull-push")
	}
	for i := range j.Variables {
		j.Variables[i].Origin = Origin{}
	}
	j.When = cmp.Or(j.When, "on_success")
	return j
}
