package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"
)

// plantedValue is a GitLab token as no instance gave it out, of its own for each name.
func plantedValue(name string) string {
	h := fnv.New64a()
	_, _ = io.WriteString(h, name)
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	b := []byte("glp" + "at-")
	for range 20 {
		b = append(b, "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[r.IntN(57)])
	}
	return string(b)
}

// plantFilesCommand writes files with one secret each on their second line: plantfiles FILE…
func plantFilesCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: plantfiles FILE…")
	}
	for _, name := range args {
		ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(name)), 0o700))
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte("# settings\ntoken = "+plantedValue(filepath.Base(name))+"\n"), 0o600))
	}
}

// unshownCommand wants the secrets planted under some names in no file, in no encoding: unshown stdout NAME…
func unshownCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: unshown FILE NAME…")
	}
	text := []byte(ts.ReadFile(args[0]))
	for _, name := range args[1:] {
		v := []byte(plantedValue(name))
		for _, form := range [][]byte{v, v[6:14], []byte(base64.StdEncoding.EncodeToString(v)), []byte(hex.EncodeToString(v))} {
			if bytes.Contains(text, form) {
				ts.Fatalf("%s shows the secret of %s", args[0], name)
			}
		}
	}
}

// commitCommand commits all files of the working directory, always at the same moment: commit MESSAGE
func commitCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: commit MESSAGE")
	}
	for _, kv := range []string{"AUTHOR", "COMMITTER"} {
		ts.Setenv("GIT_"+kv+"_NAME", "Ada")
		ts.Setenv("GIT_"+kv+"_EMAIL", "ada@shop.example")
		ts.Setenv("GIT_"+kv+"_DATE", "1700000000 +0000")
	}
	ts.Check(ts.Exec("git", "add", "-A"))
	ts.Check(ts.Exec("git", "commit", "-q", "-m", args[0]))
}

// packCommand makes a file that holds others, or a strange one:
//
//	pack zip|tgz|gz|utf16le|utf16be FROM TO
//	pack bomb|binary|fifo TO
func packCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: pack KIND [FROM] TO")
	}
	to := ts.MkAbs(args[len(args)-1])
	switch args[0] {
	case "fifo":
		ts.Check(makeFIFO(to))
		return
	case "binary":
		ts.Check(os.WriteFile(to, append([]byte("\x7fELF\x00\x01\x02"), plantedValue("binary")...), 0o600))
		return
	case "bomb":
		ts.Check(os.WriteFile(to, zipped("zeros", bytes.Repeat([]byte("0"), 64<<20)), 0o600))
		return
	}
	text := []byte(ts.ReadFile(args[1]))
	packed, err := packed(args[0], filepath.Base(args[1]), text)
	ts.Check(err)
	ts.Check(os.WriteFile(to, packed, 0o600))
}

func packed(kind, name string, text []byte) ([]byte, error) {
	var b bytes.Buffer
	switch kind {
	case "zip":
		return zipped(name, text), nil
	case "gz", "tgz":
		z := gzip.NewWriter(&b)
		if kind == "gz" {
			_, _ = z.Write(text)
			err := z.Close()
			return b.Bytes(), err
		}
		t := tar.NewWriter(z)
		_ = t.WriteHeader(&tar.Header{Name: "dir/" + name, Mode: 0o600, Size: int64(len(text)), Typeflag: tar.TypeReg})
		_, _ = t.Write(text)
		if err := t.Close(); err != nil {
			return nil, err
		}
		err := z.Close()
		return b.Bytes(), err
	case "utf16le":
		return utf16Of(text, binary.LittleEndian), nil
	case "utf16be":
		return utf16Of(text, binary.BigEndian), nil
	}
	return nil, fmt.Errorf("pack %s: no such kind", kind)
}

func utf16Of(text []byte, order binary.AppendByteOrder) []byte {
	out := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(string(text))) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func zipped(name string, text []byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if w, err := z.Create(name); err == nil {
		_, _ = w.Write(text)
	}
	_ = z.Close()
	return b.Bytes()
}
