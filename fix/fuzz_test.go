package fix

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"nhiscan/scanner/ciyaml"
)

// FuzzMake holds that no file makes it panic, and that a patch is never other than what it says.
func FuzzMake(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(a.Files[0].Data, strings.TrimSpace(string(a.Comment)))
	}
	f.Add([]byte("deploy: {script: [aws s3 ls]}\n"), "AWS_ACCESS_KEY_ID")
	f.Add([]byte("? deploy\n: script:\n  -\n    aws s3 ls\n  - b\n"), "AWS_ACCESS_KEY_ID")
	f.Add([]byte("deploy:\n  script:\n  - aws s3 ls\n  after_script: [a"), "AWS_ACCESS_KEY_ID")
	f.Fuzz(func(t *testing.T, text []byte, name string) {
		p := Pipeline{Text: text, Path: "f.yml", Options: ciyaml.Options{Bytes: 1 << 16, Nodes: 20_000}}
		plan, err := Make(context.Background(), p, Target{Name: name})
		if err != nil || plan.Patch == "" {
			return
		}
		got, err := applyPatch(text, plan.Patch)
		if err != nil || !bytes.Equal(got, plan.Patched) {
			t.Errorf("%v: the patch is not the change\n%s", err, plan.Patch)
		}
	})
}
