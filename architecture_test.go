// Package nhiscan_test holds the shape of the whole: which package may import which, and what no package may do.
package nhiscan_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows are the imports that a package may have among our own. A new arrow usually means that the type to share
// belongs in inventory.
var arrows = map[string][]string{
	"inventory":           {},
	"inventory/secret":    {},
	"inventory/ownership": {"inventory"},
	"inventory/store":     {"inventory"},
	"rules":               {"inventory"},
	"report":              {"inventory", "rules"},
	"scanner":             {"inventory", "inventory/secret", "scanner/detect", "scanner/gitrepo", "scanner/ciyaml", "scanner/workload"},
	"scanner/detect":      {"inventory/secret"},
	"scanner/gitrepo":     {"inventory/secret"},
	"scanner/ciyaml":      {},
	"scanner/workload":    {"scanner/ciyaml"},
	"scanner/filetree":    {},
	"scanner/history":     {"inventory/secret", "scanner/detect", "scanner/gitrepo"},
	"scanner/gitlabtest":  {},
	"gate":                {"inventory/secret", "scanner/detect"},
	"fix":                 {"inventory", "scanner/ciyaml", "scanner/workload"},
	"cmd/nhi-scan": {
		"inventory", "inventory/secret", "inventory/ownership", "inventory/store", "rules", "report", "fix",
		"scanner", "scanner/detect", "scanner/gitrepo", "scanner/gitlabtest", "scanner/ciyaml", "scanner/workload", "scanner/filetree", "gate", "scanner/history",
	},
}

func TestImportsPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], "nhiscan/")
		if pkg == "nhiscan" {
			continue // this test
		}
		allowed, known := arrows[pkg]
		if !known {
			t.Errorf("package %s is not in the list of packages: add it with the imports it may have", pkg)
		}
		for _, imported := range fields[1:] {
			own, ok := strings.CutPrefix(imported, "nhiscan/")
			if ok && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s: that arrow is not in the design", pkg, own)
			}
		}
	}
}

func TestDomainIsStandardLibraryOnly(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./inventory").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	if got := strings.Fields(string(out)); !slices.Equal(got, []string{"nhiscan/inventory"}) {
		t.Errorf("inventory depends on %v, want the standard library only", got)
	}
}

// forbidden are calls that only cmd and tests may make: clock, environment, streams and contexts are passed in.
var forbidden = []string{"time.Now", "os.Getenv", "os.Environ", "os.Exit", "os.Stdout", "os.Stderr", "log.Fatal", "context.Background", "context.TODO"}

// revealers are the files that may open a secret's value: they build a request, match, or make a fingerprint.
var revealers = []string{
	"inventory/secret/fingerprint.go", "inventory/secret/hint.go", "scanner/client.go", "scanner/emit.go", "scanner/integration.go", "scanner/mirror.go",
	"scanner/detect", "scanner/gitrepo",
	"gate/value.go", // compares values, and makes the hashes that bind a baseline's entries to them
}

func TestSurroundingsArePassedIn(t *testing.T) {
	eachFile(t, func(path string, file *ast.File, at func(token.Pos) string) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "init" && n.Recv == nil {
					t.Errorf("%s: func init: a catalogue is a value one can read", at(n.Pos()))
				}
			case *ast.SelectorExpr:
				name := ""
				if x, ok := n.X.(*ast.Ident); ok {
					name = x.Name + "." + n.Sel.Name
				}
				if slices.Contains(forbidden, name) && !strings.HasPrefix(path, "cmd/") {
					t.Errorf("%s: %s: pass it in", at(n.Pos()), name)
				}
				if n.Sel.Name == "Reveal" && !mayReveal(path) {
					t.Errorf("%s: opens a secret's value; the places that may are listed in this test", at(n.Pos()))
				}
			}
			return true
		})
	})
}

func mayReveal(path string) bool {
	return slices.ContainsFunc(revealers, func(r string) bool { return path == r || strings.HasPrefix(path, r+"/") })
}

// TestNoDumpingGrounds holds STYLE.md's package names.
func TestNoDumpingGrounds(t *testing.T) {
	eachFile(t, func(path string, file *ast.File, _ func(token.Pos) string) {
		for part := range strings.SplitSeq(filepath.Dir(path), "/") {
			if slices.Contains([]string{"internal", "pkg", "util", "utils", "common", "helper", "helpers", "base", "types", "models"}, part) {
				t.Errorf("%s: a package is named for what it provides", path)
			}
		}
	})
}

// TestSizes holds STYLE.md's limits: 400 lines a file, 80 a function; a table of data may be longer.
func TestSizes(t *testing.T) {
	eachFile(t, func(path string, file *ast.File, at func(token.Pos) string) {
		_, text, _ := strings.Cut(at(file.FileEnd), ":")
		if n, _ := strconv.Atoi(text); n > 400 {
			t.Errorf("%s has %d lines: look for two ideas", path, n)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			if n := line(at(f.End())) - line(at(f.Pos())) + 1; n > 80 && len(f.Body.List) > 2 {
				t.Errorf("%s: %s has %d lines", at(f.Pos()), f.Name.Name, n)
			}
		}
	})
}

func line(position string) int {
	_, text, _ := strings.Cut(position, ":")
	n, _ := strconv.Atoi(text)
	return n
}

// eachFile parses every file of ours that is no test.
func eachFile(t *testing.T, visit func(path string, file *ast.File, at func(token.Pos) string)) {
	t.Helper()
	set := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "tools" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		visit(path, file, func(p token.Pos) string {
			position := set.Position(p)
			return path + ":" + strconv.Itoa(position.Line)
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
