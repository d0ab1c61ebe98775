package gate

import (
	"maps"
	"testing"

	"nhiscan/inventory/secret"
)

func TestNeedlesCountWholeWords(t *testing.T) {
	n := newNeedles([]secret.Value{secret.New("EXAMPLE1"), secret.New("EXAMPLE12"), secret.New("#EXAMPLE"), secret.New("E"), secret.New("")})
	for text, want := range map[string]map[int]int{
		"":                             {},
		"EXAMPLE1":                     {0: 1},
		"EXAMPLE1,EXAMPLE1 EXAMPLE12":  {0: 2, 1: 1},
		"xEXAMPLE1 EXAMPLE1_ EXAMPLE":  {},
		"x#EXAMPLE\"#EXAMPLE'EXAMPLE1": {0: 1, 2: 2},
		"#EXAMPLE1":                    {0: 1},
	} {
		if got := n.count([]byte(text)); !maps.Equal(got, want) {
			t.Errorf("count(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestNeedlesGiveUp(t *testing.T) {
	n := newNeedles([]secret.Value{secret.New("EXAMPLE1"), secret.New("EXAMPLE2")})
	n.left = 16
	if got := n.count([]byte("EXAMPLE1 EXAMPLE1 EXAMPLE1")); got[0] != 2 || n.left > 0 {
		t.Errorf("count = %v, left %d; want two and nothing", got, n.left)
	}
}
