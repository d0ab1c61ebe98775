package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"nhiscan/fix"
	"nhiscan/inventory"
)

// The document of fix --format json, as docs/fix.md describes it.
type fixJSON struct {
	Schema string     `json:"schema"`
	Plans  []planJSON `json:"plans"`
}

type planJSON struct {
	File        string       `json:"file"`
	Name        string       `json:"name"`
	Credentials []string     `json:"credentials"`
	Method      fix.Method   `json:"method"`
	Patch       string       `json:"patch"`
	NoPatch     string       `json:"no_patch"`
	Jobs        []fixUseJSON `json:"jobs"`
	Policies    []policyJSON `json:"policies"`
	Checklist   []stepJSON   `json:"checklist"`
}

type fixUseJSON struct {
	Job       string `json:"job"`
	System    string `json:"system"`
	Operation string `json:"operation"`
	Least     string `json:"least"`
	File      string `json:"file"`
	Line      int    `json:"line"`
}

type policyJSON struct {
	Title  string `json:"title"`
	Format string `json:"format"`
	Text   string `json:"text"`
	Source string `json:"source"`
}

type stepJSON struct {
	Text     string   `json:"text"`
	Commands []string `json:"commands"`
}

// print writes the plans. The text is one that git apply takes: all but the patches stands behind "#".
func (f *fixFlags) print(plans []*fix.Plan) error {
	w := bufio.NewWriter(f.stdout)
	missing := ""
	for i, p := range plans {
		if p.Patch == "" && missing == "" {
			missing = f.files[i] + ": no patch: " + p.NoPatch
		}
		switch {
		case f.format == "json":
		case f.patchOnly:
			_, _ = w.WriteString(f.shown(p.Patch)) // Flush returns its error
		default:
			printPlan(w, f.files[i], p, f.shown(p.Patch))
		}
	}
	if f.format == "json" {
		if err := printJSON(w, planDocument(f.files, plans)); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if f.patchOnly && missing != "" {
		return &exit{code: exitIncomplete, err: fmt.Errorf("%s", missing), hint: "nhi-scan fix without --patch gives the checklist"}
	}
	return nil
}

func planDocument(files []string, plans []*fix.Plan) fixJSON {
	doc := fixJSON{Schema: "nhi-scan/fix/1", Plans: []planJSON{}}
	for i, p := range plans {
		out := planJSON{
			File: files[i], Name: p.Name, Credentials: p.Credentials, Method: p.Method, Patch: p.Patch, NoPatch: p.NoPatch,
			Jobs: []fixUseJSON{}, Policies: []policyJSON{}, Checklist: []stepJSON{},
		}
		for _, u := range p.Jobs {
			out.Jobs = append(out.Jobs, fixUseJSON(u))
		}
		for _, x := range p.Policies {
			out.Policies = append(out.Policies, policyJSON(x))
		}
		for _, s := range p.Checklist {
			out.Checklist = append(out.Checklist, stepJSON{s.Text, append([]string{}, s.Commands...)})
		}
		doc.Plans = append(doc.Plans, out)
	}
	return doc
}

// methodWords say what takes a credential's place.
var methodWords = map[fix.Method]string{
	fix.IDTokens: "by ID tokens of its jobs", fix.JobToken: "by the job token", fix.RotatingToken: "by a token that expires and rotates itself",
	fix.Protect: "by nothing: it stays, protected", fix.Nothing: "by nothing: it is not needed",
}

// shown is a patch as it goes out: byte by byte, but to a terminal without what could steer it.
func (f *fixFlags) shown(patch string) string {
	if _, terminal := f.terminal(f.stdout); !terminal {
		return patch
	}
	var b strings.Builder
	for line := range strings.Lines(patch) {
		text := strings.TrimRight(line, "\r\n")
		b.WriteString(strings.ReplaceAll(inventory.Printable(text, 0), `\t`, "\t") + line[len(text):])
	}
	return b.String()
}

func printPlan(w io.Writer, file string, p *fix.Plan, patch string) {
	comment := func(format string, args ...any) {
		for line := range strings.Lines(fmt.Sprintf(format, args...)) {
			fmt.Fprintln(w, strings.TrimRight("# "+strings.TrimRight(line, "\n"), " "))
		}
	}
	comment("%s in %s is replaced %s\n", strings.Join(p.Credentials, ", "), inventory.Printable(file, maxShown), methodWords[p.Method])
	for _, u := range p.Jobs {
		comment("  %s, line %d: %s: %s", u.Job, u.Line, u.System, u.Operation)
	}
	comment("\nTo do, in this order:")
	for i, s := range p.Checklist {
		comment("%d. %s", i+1, s.Text)
		for _, c := range s.Commands {
			comment("     %s", c)
		}
	}
	for _, x := range p.Policies {
		comment("\n%s\n(%s)\n", x.Title, x.Source)
		for line := range strings.Lines(x.Text) {
			comment("    %s", line)
		}
	}
	if patch != "" {
		fmt.Fprintf(w, "\n%s", patch)
	}
}
