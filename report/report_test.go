package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"nhiscan/inventory"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run the test with -update to make it", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func written(t *testing.T, f Format, d *Document, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f, d, o); err != nil {
		t.Fatalf("Write(%s): %v", f, err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	golden(t, "company-80.txt", written(t, Table, company(), Options{}))
	golden(t, "company-200.txt", written(t, Table, company(), Options{Width: 200}))
	golden(t, "company-color.txt", written(t, Table, company(), Options{Width: 120, Color: true}))
	golden(t, "company.json", written(t, JSON, company(), Options{}))
	golden(t, "company.html", written(t, HTML, company(), Options{}))
	golden(t, "company.csv", written(t, CSV, company(), Options{}))
	golden(t, "hostile-80.txt", written(t, Table, hostileCompany(), Options{}))
	golden(t, "empty-80.txt", written(t, Table, &Document{}, Options{}))
	var show bytes.Buffer
	for _, id := range []string{"settlement-deploy", fingerprint("aws")[:8], "NPM_TOKEN"} {
		if err := Show(&show, company(), id, Options{}); err != nil {
			t.Fatal(err)
		}
		show.WriteString("\n----\n")
	}
	golden(t, "show-80.txt", show.Bytes())
}

func TestGoldenFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "csv")
	if err := WriteCSV(dir, company()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v %v, want mode 0700", info.Mode(), err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 14 {
		t.Fatalf("%d files, %v, want 14", len(files), err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, want 0600", f, info.Mode())
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("csv", filepath.Base(f)), b)
	}
}

// The same Document gives the same bytes, in every format, and is not changed by being written.
func TestDeterministic(t *testing.T) {
	d := hostileCompany()
	before, err := json.Marshal(d.Gaps)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []Format{Table, JSON, HTML, CSV} {
		first := written(t, f, d, Options{Width: 100})
		shuffled := hostileCompany()
		slices.Reverse(shuffled.Gaps)
		slices.Reverse(shuffled.Events)
		slices.Reverse(shuffled.Measures)
		slices.Reverse(shuffled.Rules)
		for range 5 {
			if diff := cmp.Diff(string(first), string(written(t, f, shuffled, Options{Width: 100}))); diff != "" {
				t.Fatalf("%s differs between runs:\n%s", f, diff)
			}
		}
	}
	if after, _ := json.Marshal(d.Gaps); !bytes.Equal(before, after) {
		t.Error("Write changed the Document")
	}
}

func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../docs/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*Document{"company": company(), "hostile": hostileCompany(), "empty": {}} {
		got, err := jsonschema.UnmarshalJSON(bytes.NewReader(written(t, JSON, d, Options{})))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := schema.Validate(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := bytes.Replace(written(t, JSON, company(), Options{}), []byte(`"state":"denied"`), []byte(`"state":"fine"`), 1)
	got, err := jsonschema.UnmarshalJSON(bytes.NewReader(broken))
	if err != nil {
		t.Fatal(err)
	}
	if schema.Validate(got) == nil {
		t.Error("the schema allows a coverage state that does not exist")
	}
}

// What GitLab said comes back from JSON unchanged, whatever it was.
func TestJSONKeepsNames(t *testing.T) {
	d := hostileCompany()
	var got struct {
		Credentials []inventory.Credential
		Gaps        []inventory.Gap
	}
	b := written(t, JSON, d, Options{})
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for i, c := range got.Credentials {
		if want := strings.ToValidUTF8(d.Snapshot.Credentials[i].Name, "\uFFFD\uFFFD"); c.Name != want {
			t.Errorf("name %q, want %q", c.Name, want)
		}
	}
	for _, r := range string(b) {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("JSON holds the character %U unescaped", r)
		}
	}
}

func TestNothingHostilePassesThrough(t *testing.T) {
	d := hostileCompany()
	var show bytes.Buffer
	if err := Show(&show, d, d.Snapshot.Identities[0].ID, Options{}); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"table": written(t, Table, d, Options{}), "html": written(t, HTML, d, Options{}), "csv": written(t, CSV, d, Options{}), "show": show.Bytes(),
	} {
		for _, r := range string(b) {
			if r != '\n' && r != '\r' && r != '\u00a0' && !unicode.IsPrint(r) {
				t.Errorf("%s holds the character %U", name, r)
				break
			}
		}
	}
	html := string(written(t, HTML, d, Options{}))
	if n := strings.Count(html, "</script>"); n != strings.Count(html, "<script type=\"application/json\"")+1 {
		t.Errorf("%d script elements end, more than begin", n)
	}
	if strings.Contains(html, "<!-- <script>") || strings.Contains(html, "<img") {
		t.Error("markup in a name reached the page")
	}
}

func TestTableFitsItsWidth(t *testing.T) {
	for _, width := range []int{60, 80, 100, 200} {
		for name, d := range map[string]*Document{"company": company(), "hostile": hostileCompany()} {
			for line := range strings.Lines(string(written(t, Table, d, Options{Width: width}))) {
				if w := twwidth.Width(strings.TrimSuffix(line, "\n")); w > width {
					t.Errorf("%s at %d columns: a line of %d: %s", name, width, w, line)
				}
			}
		}
	}
	if b := written(t, Table, company(), Options{}); bytes.ContainsRune(b, '\x1b') {
		t.Error("colour without Options.Color")
	}
}

func TestZeroIsNeverBare(t *testing.T) {
	d := company()
	d.Gaps = nil
	for _, f := range []Format{Table, HTML} {
		got := string(written(t, f, d, Options{}))
		if !strings.Contains(got, "0 gaps, examined 6 of 7 projects") {
			t.Errorf("%s prints no gaps without what was examined", f)
		}
	}
}

var hashes = regexp.MustCompile(`(style|script)-src '(sha256-[^']+)'`)

func TestPolicyAllowsTheOneStyleAndScript(t *testing.T) {
	html := string(written(t, HTML, company(), Options{}))
	between := func(open, end string) string {
		_, rest, ok := strings.Cut(html, open)
		text, _, _ := strings.Cut(rest, end)
		if !ok {
			t.Fatalf("no %s", open)
		}
		return text
	}
	want := map[string]string{"style": strings.Trim(sourceHash(between("<style>", "</style>")), "'"), "script": strings.Trim(sourceHash(between("<script>", "</script>")), "'")}
	got := map[string]string{}
	policy := strings.NewReplacer("&#39;", "'", "&#43;", "+").Replace(between(`http-equiv="Content-Security-Policy" content="`, `"`))
	for _, m := range hashes.FindAllStringSubmatch(policy, -1) {
		got[m[1]] = m[2]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("policy %s (-want +got):\n%s", policy, diff)
	}
	if !strings.HasPrefix(policy, "default-src 'none';") {
		t.Errorf("policy %q does not begin with default-src 'none'", policy)
	}
	if m := regexp.MustCompile(`(?i)<[^>]+\s(style|on\w+|src|srcset)=|https?://[^<]*</style>|url\(\s*["']?https?:`).FindString(html); m != "" {
		t.Errorf("the page holds %q", m)
	}
}

func TestFormulasAreGuarded(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"=1+1", "'=1+1"}, {"+1", "'+1"}, {"-1", "'-1"}, {"@SUM(1)", "'@SUM(1)"}, {"\t=1", `'\t=1`}, {"\rx", `'\rx`}, {"  =1", "'  =1"}, {"＝1", "'＝1"},
		{"a=1", "a=1"}, {"", ""}, {"2026-11-22", "2026-11-22"},
	} {
		if got := guard(c.in); got != c.want {
			t.Errorf("guard(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(written(t, CSV, hostileCompany(), Options{}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("cell %.40q begins a formula", cell)
			}
		}
	}
}

func TestShowErrors(t *testing.T) {
	d := company()
	for _, c := range []struct {
		id   string
		want error
		says string
	}{
		{"", ErrNotFound, "the ID is empty"},
		{"nobody", ErrNotFound, "show nobody: nothing of this name in the inventory"},
		{"tariff", ErrNotFound, "near: git.example/credential/deploy-token/8, git.example/identity/deploy-token/8"},
		{"git.example/credential/deploy-token/", ErrAmbiguous, "git.example/credential/deploy-token/7, git.example/credential/deploy-token/8"},
		{"git", ErrAmbiguous, "more"},
		{"\x1b[2J", ErrNotFound, `\u001b[2J`},
	} {
		err := Show(io.Discard, d, c.id, Options{})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Show(%q): %v, want %v with %q", c.id, err, c.want, c.says)
		}
	}
}

func TestShowFinds(t *testing.T) {
	d := company()
	for name, id := range map[string]string{
		"full_id": token("9377"), "fingerprint": strings.ToUpper(fingerprint("deploy")[:10]), "name": "settlement-deploy", "unique_suffix": "access-token/9377", "key": "BOT_TOKEN",
	} {
		var b bytes.Buffer
		if err := Show(&b, d, id, Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !strings.Contains(b.String(), "project_11_bot_4417") || !strings.Contains(b.String(), "DEPLOY_TOKEN") {
			t.Errorf("%s: Show(%q) shows another thing:\n%s", name, id, b.String())
		}
	}
}

type brokenWriter struct{ after int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.after -= len(p); w.after < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestWriteReportsItsWriter(t *testing.T) {
	for _, f := range []Format{Table, JSON, HTML, CSV} {
		for _, after := range []int{0, 500} {
			if err := Write(&brokenWriter{after}, f, company(), Options{}); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("Write(%s) to a pipe closed after %d bytes: %v", f, after, err)
			}
		}
	}
	if err := Write(io.Discard, "pdf", company(), Options{}); err == nil {
		t.Error("Write of an unknown format succeeds")
	}
}
