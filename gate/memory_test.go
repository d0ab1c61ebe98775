package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
)

// engine is made once: that compiles all rules.
var engine = sync.OnceValue(func() *detect.Engine {
	e, err := detect.New(detect.Options{})
	if err != nil {
		panic(err)
	}
	return e
})

// token is a value that every engine reports, the same for a letter in every run.
func token(letter byte) string { return numbered(uint64(letter)) }

func numbered(seed uint64) string {
	const digits = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	source := rand.New(rand.NewPCG(seed, 7))
	b := []byte("glpat-")
	for range 20 {
		b = append(b, digits[source.IntN(len(digits))])
	}
	return string(b)
}

// text puts a token for each {X}.
func text(s string) string {
	for letter := byte('A'); letter <= 'Z'; letter++ {
		s = strings.ReplaceAll(s, "{"+string(letter)+"}", token(letter))
	}
	return s
}

// files is a tree: contents by path.
type files map[string]string

// node is a commit of a memory.
type node struct {
	id      string
	parents []string
	files   files
}

// memory is a repository of a few commits.
type memory struct {
	commits map[string]node
	blobs   map[string]string
	order   []string
}

func newMemory(nodes ...node) *memory {
	m := &memory{commits: map[string]node{}, blobs: map[string]string{"": ""}}
	for i, n := range nodes {
		if n.id == "" {
			n.id = fmt.Sprint("c", i)
		}
		if n.parents == nil && i > 0 {
			n.parents = []string{m.order[i-1]}
		}
		tree := files{}
		for path, content := range n.files {
			tree[path] = text(content)
			m.blobs[blobName(tree[path])] = tree[path]
		}
		n.files = tree
		m.commits[n.id] = n
		m.order = append(m.order, n.id)
	}
	return m
}

func blobName(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// blob is the id of a commit's file, empty without one.
func (m *memory) blob(commit, path string) string {
	content, ok := m.commits[commit].files[path]
	if !ok {
		return ""
	}
	return blobName(content)
}

// diff is what a commit's tree changes against all of others.
func (m *memory) diff(commit string, others ...string) []Changed {
	if len(others) == 0 {
		others = []string{""}
	}
	paths := map[string]bool{}
	for _, id := range append([]string{commit}, others...) {
		for path := range m.commits[id].files {
			paths[path] = true
		}
	}
	var all []Changed
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		c := Changed{Path: path, New: m.blob(commit, path)}
		for _, o := range others {
			c.Old = append(c.Old, m.blob(o, path))
		}
		if !slices.Contains(c.Old, c.New) {
			all = append(all, c)
		}
	}
	return all
}

// change is what the commits after base add; those named without are left out.
func (m *memory) change(base string, without ...string) Change {
	c := Change{Base: base, Trusted: base}
	for _, id := range m.order {
		n := m.commits[id]
		if id != base && !slices.Contains(without, id) {
			c.Steps = append(c.Steps, Step{Commit: id, Tree: id, Author: "Ada", Date: time.Unix(0, 0).UTC(), Parents: n.parents, Changes: m.diff(id, n.parents...)})
		}
	}
	return c
}

func (m *memory) Contents(_ context.Context, ids []string, max int64, each func(id string, content []byte, skipped string) error) error {
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		content, ok := m.blobs[id]
		reason := ""
		switch {
		case !ok:
			reason = "missing"
		case int64(len(content)) > max:
			reason = "too large"
		}
		if err := each(id, []byte(content), reason); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Compare(_ context.Context, base string, trees []string, each func(tree string, changes []Changed) error) error {
	for _, t := range trees {
		if err := each(t, m.diff(t, base)); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) File(_ context.Context, commit, path string) ([]byte, bool, error) {
	content, ok := m.commits[commit].files[path]
	return []byte(content), ok, nil
}

func (m *memory) Tree(_ context.Context, commit string) (map[string]string, error) {
	tree := map[string]string{}
	for path, content := range m.commits[commit].files {
		tree[path] = blobName(content)
	}
	return tree, nil
}

func (m *memory) Holding(_ context.Context, commit string, texts []secret.Value) ([]string, error) {
	var paths []string
	for _, path := range slices.Sorted(maps.Keys(m.commits[commit].files)) {
		for _, v := range texts {
			if strings.Contains(m.commits[commit].files[path], v.Reveal()) {
				paths = append(paths, path)
			}
		}
	}
	return slices.Compact(paths), nil
}

func (m *memory) IsAncestor(ctx context.Context, commit, of string) (bool, error) {
	if commit == of {
		return true, nil
	}
	for _, p := range m.commits[of].parents {
		if ok, _ := m.IsAncestor(ctx, commit, p); ok {
			return true, nil
		}
	}
	return false, nil
}

var today = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func check(t testing.TB, m *memory, c Change, change func(*Options)) *Result {
	t.Helper()
	o := Options{Engine: engine(), MinConfidence: detect.DefaultConfidence, Today: today}
	if change != nil {
		change(&o)
	}
	r, err := Check(t.Context(), m, c, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// said lists secrets as letter, place and commit, for comparing: "A x:1@c1 y:2@c1".
func said(all []Secret) []string {
	var lines []string
	for _, s := range all {
		line := "?"
		for letter := byte('A'); letter <= 'Z'; letter++ {
			if s.value.Reveal() == token(letter) {
				line = string(letter)
			}
		}
		for _, p := range s.Places {
			line += fmt.Sprintf(" %s:%d@%s", p.Path, p.Finding.Line, p.Commit)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}
