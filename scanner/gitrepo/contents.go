package gitrepo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxRestarts bounds how often cat-file is started again after it died of a broken object.
const maxRestarts = 1000

// answer is what cat-file says about one object. body is nil for missing and broken ones, and with --batch-check.
type answer struct {
	missing bool // not there
	broken  bool // there, but git cannot read it
	kind    string
	size    int64
	body    *bufio.Reader
}

// ask sends the objects numbered in want to one cat-file and hands each answer to tell, in that order. An object
// that kills cat-file is told as broken, and the rest asked of another. tell must read an answer's whole body, and
// returns errBroken when that ends early; its other errors end ask.
func (r *Repo) ask(ctx context.Context, mode string, h *history, want []int32, tell func(blob int32, a answer) error) error {
	for restarts := 0; len(want) > 0; restarts++ {
		c := r.call("cat-file", mode, "--buffer")
		c.stdin = &idReader{h: h, left: want}
		done, told := 0, false
		err := r.git.stream(ctx, c, func(out io.Reader) error {
			in := bufio.NewReaderSize(out, 256<<10)
			for done < len(want) {
				a, err := readAnswer(in, mode)
				if err == nil {
					err = tell(want[done], a)
					told = err != nil && !errors.Is(err, errBroken)
				}
				if err != nil {
					return err
				}
				done++
			}
			return nil
		})
		switch {
		case told || ctx.Err() != nil:
			return err
		case done == len(want):
			return nil // cat-file told everything; what it says while it ends is of no use
		}
		for restarts == maxRestarts && done < len(want)-1 {
			if err := tell(want[done], answer{broken: true}); err != nil {
				return err
			}
			done++
		}
		if err := tell(want[done], answer{broken: true}); err != nil {
			return err
		}
		want = want[done+1:]
	}
	return nil
}

// errBroken says that an object's content cannot be read.
var errBroken = errors.New("object is broken")

// readAnswer reads the line "<id> <type> <size>" or "<id> missing".
func readAnswer(in *bufio.Reader, mode string) (answer, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return answer{}, endsEarly(err)
	}
	f := bytes.Fields(line)
	if len(f) == 2 && string(f[1]) == "missing" {
		return answer{missing: true}, nil
	}
	if len(f) != 3 {
		return answer{}, fmt.Errorf("git cat-file: unexpected output %q", printable(string(line), 80))
	}
	a := answer{kind: string(f[1])}
	if a.size, err = strconv.ParseInt(string(f[2]), 10, 64); err != nil {
		return answer{}, fmt.Errorf("git cat-file: unexpected output %q", printable(string(line), 80))
	}
	if mode == "--batch" {
		a.body = in
	}
	return a, nil
}

// readBody reads a's content into buf, which grows as needed, and the line end behind it.
func (a answer) readBody(buf []byte) ([]byte, error) {
	if int64(cap(buf)) < a.size {
		buf = make([]byte, a.size)
	}
	buf = buf[:a.size]
	if _, err := io.ReadFull(a.body, buf); err != nil {
		return buf, errBroken
	}
	if _, err := a.body.Discard(1); err != nil {
		return buf, errBroken
	}
	return buf, nil
}

// idReader is cat-file's standard input.
type idReader struct {
	h    *history
	left []int32
	line []byte
}

func (r *idReader) Read(b []byte) (int, error) {
	n := 0
	for {
		k := copy(b[n:], r.line)
		n, r.line = n+k, r.line[k:]
		if n == len(b) {
			return n, nil
		}
		if len(r.left) == 0 {
			if n == 0 {
				return 0, io.EOF
			}
			return n, nil
		}
		r.line = append([]byte(r.h.id(r.left[0])), '\n')
		r.left = r.left[1:]
	}
}
