package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGeneratedPagesAreCurrent holds docs/ to the code: sources, rules, commands and man pages.
func TestGeneratedPagesAreCurrent(t *testing.T) {
	for name, render := range generatedPages() {
		t.Run(name, func(t *testing.T) {
			var want bytes.Buffer
			if err := render(&want); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
			if err != nil {
				t.Fatalf("%v: run make generate", err)
			}
			if diff := cmp.Diff(want.String(), string(got)); diff != "" {
				t.Errorf("docs/%s is not current, run make generate (-want +got):\n%s", name, diff)
			}
		})
	}
}
