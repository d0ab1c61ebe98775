package detect

import (
	_ "embed"
	"math"
	"strings"
	"sync"
)

// wordList holds the words of English and of programming that Go's own sources use in comments, one a line; made by
// go test ./scanner/detect -run TestWords -words.
//
//go:embed words.txt
var wordList string

// language is what is known of words: the list, and how often one letter follows two others in it.
type language struct {
	words map[string]bool
	// trigram holds log2 of the share of each third letter after two; 27 stands for the end of a word.
	trigram [27][27][27]float32
}

var english = sync.OnceValue(newLanguage)

func newLanguage() *language {
	l := &language{words: map[string]bool{}}
	var count [27][27][27]float64
	for w := range strings.FieldsSeq(wordList) {
		l.words[w] = true
		a, b := 26, 26
		for _, c := range w {
			count[a][b][c-'a']++
			a, b = b, int(c-'a')
		}
		count[a][b][26]++
	}
	for a := range count {
		for b := range count[a] {
			total := 0.0
			for _, n := range count[a][b] {
				total += n
			}
			for c, n := range count[a][b] {
				l.trigram[a][b][c] = float32(math.Log2((n + 0.3) / (total + 0.3*27)))
			}
		}
	}
	return l
}

// pronounceable is the mean log2 likelihood of the letters of a run, at most 0: words come near -3, random letters
// below -5.
func (l *language) pronounceable(run string) float64 {
	sum, a, b := 0.0, 26, 26
	for i := range len(run) {
		c := int(run[i]|0x20) - 'a'
		sum += float64(l.trigram[a][b][c])
		a, b = b, c
	}
	return sum / float64(len(run))
}

// covered returns how many letters of a run of lower-case letters belong to words of the list, taking the longest word from the left;
// and how many words that are.
func (l *language) covered(run string) (letters, words int) {
	for i := 0; i < len(run); {
		n := 0
		for k := min(12, len(run)-i); k >= 3; k-- {
			if l.words[run[i:i+k]] {
				n = k
				break
			}
		}
		if n == 0 {
			i++
			continue
		}
		letters, words, i = letters+n, words+1, i+n
	}
	return letters, words
}
