package gitrepo

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
)

// A kept log lies in a file as the SHA-256 of the rest, the form, the bytes of an object id, and then for each commit
//
//	id, author, time as varint, number of changes as uvarint, and for each: blob id, path
//
// where author and path are each a uvarint: the number of an earlier such text, from 1 on, or 0 before a text not yet
// seen, which is its length as uvarint and its bytes.

const (
	keptForm    = 1
	maxKeptFile = 256 << 20 // bytes
)

// save writes the log; another process sees the old file or the whole of the new one.
func (k *keptLog) save(file string) error {
	body := append(make([]byte, 0, 1<<20+(k.width+3)*len(k.changes)), keptForm, byte(k.width))
	authors, paths := map[int32]uint64{}, map[int32]uint64{}
	for _, c := range k.commits {
		body = append(body, c.id[:k.width]...)
		body = appendText(body, authors, c.author, k.authors.list)
		body = binary.AppendVarint(body, c.at)
		body = binary.AppendUvarint(body, uint64(c.to-c.from)) //nolint:gosec // never negative
		for _, ch := range k.changes[c.from:c.to] {
			body = append(body, ch.blob[:k.width]...)
			body = appendText(body, paths, ch.path, k.paths.list)
		}
		if len(body) > maxKeptFile {
			return ErrTooLarge
		}
	}
	sum := sha256.Sum256(body)
	f, err := os.CreateTemp(filepath.Dir(file), ".log-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(sum[:])
	_, err2 := f.Write(body)
	if err = errors.Join(err, err2, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

func appendText(body []byte, written map[int32]uint64, n int32, list []string) []byte {
	if at, ok := written[n]; ok {
		return binary.AppendUvarint(body, at)
	}
	written[n] = uint64(len(written)) + 1
	body = append(body, 0)
	body = binary.AppendUvarint(body, uint64(len(list[n])))
	return append(body, list[n]...)
}

// loadKeptLog expects about as many commits as room says. It returns nil when there is no file or it is damaged.
func loadKeptLog(file string, room int) *keptLog {
	if info, err := os.Stat(file); err != nil || info.Size() > maxKeptFile+sha256.Size {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil || len(text) < sha256.Size+2 {
		return nil
	}
	body := text[sha256.Size:]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], text[:sha256.Size]) || body[0] != keptForm {
		return nil
	}
	k := newKeptLog(int(body[1]), room)
	if k.width != 20 && k.width != 32 {
		return nil
	}
	in := keptReader{rest: body[2:]}
	k.changes = make([]keptChange, 0, min(len(body)/(k.width+1), maxKeptChanges)) // what one takes at least
	for len(in.rest) > 0 && !in.bad {
		var c commit
		copy(c.id[:], in.take(uint64(k.width)))
		author := in.text(&k.authors)
		c.at = in.signed()
		if in.bad {
			return nil
		}
		k.addCommit(c, k.authors.list[author])
		for n := in.number(); n > 0 && !in.bad; n-- {
			var blob oid
			copy(blob[:], in.take(uint64(k.width)))
			k.addNumbered(blob, in.text(&k.paths))
		}
	}
	if in.bad || k.full {
		return nil
	}
	return k
}

// keptReader reads the parts of a file; bad once it is not as save writes it.
type keptReader struct {
	rest []byte
	bad  bool
}

func (r *keptReader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *keptReader) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.take(uint64(max(n, 0)))
	r.bad = r.bad || n <= 0
	return v
}

func (r *keptReader) signed() int64 {
	v, n := binary.Varint(r.rest)
	r.take(uint64(max(n, 0)))
	r.bad = r.bad || n <= 0
	return v
}

func (r *keptReader) text(known *names) int32 {
	n := r.number()
	if n == 0 && !r.bad {
		return known.number(string(r.take(r.number())))
	}
	if n > uint64(len(known.list)) {
		r.bad = true
	}
	if r.bad {
		return 0
	}
	return int32(n - 1) //nolint:gosec // it is a place in the list
}
