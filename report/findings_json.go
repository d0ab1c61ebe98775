package report

import (
	"bufio"
	"cmp"
	"io"
)

// findingsSchema names the shape of findings in JSON, described in docs/findings.schema.json.
const findingsSchema = "nhi-scan/findings/1"

type scannedJSON struct {
	Files   int           `json:"files"`
	Bytes   int64         `json:"bytes"`
	Blobs   int           `json:"blobs"`
	Skipped []skippedJSON `json:"skipped"`
}

type skippedJSON struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

type findingJSON struct {
	Detector    string   `json:"detector"`
	Path        string   `json:"path"`
	Line        int      `json:"line"`
	Column      int      `json:"column"`
	EndLine     int      `json:"end_line"`
	EndColumn   int      `json:"end_column"`
	Commit      string   `json:"commit,omitempty"`
	Author      string   `json:"author,omitempty"`
	Date        string   `json:"date,omitempty"`
	Fingerprint string   `json:"fingerprint"`
	Confidence  float64  `json:"confidence"`
	Reasons     []string `json:"reasons"`
	Hint        string   `json:"hint"`
}

// writeFindingsJSON writes one finding per line. Names are written whole: encodeJSON escapes what may not be shown.
func writeFindingsJSON(w io.Writer, f *Findings) error {
	j := &jsonWriter{w: bufio.NewWriterSize(w, 1<<16)}
	j.text(`{"schema":`).value(findingsSchema)
	j.text(",\n\"complete\":").value(f.Complete)
	s := scannedJSON{Files: f.Scanned.Files, Bytes: f.Scanned.Bytes, Blobs: f.Scanned.Blobs, Skipped: []skippedJSON{}}
	for _, k := range f.Scanned.Skipped {
		s.Skipped = append(s.Skipped, skippedJSON(k))
	}
	j.text(",\n\"scanned\":").value(s)
	list(j, "findings", each(f.Findings), func(f *Finding) any {
		return findingJSON{
			Detector: f.Detector, Path: f.Path, Line: f.Line, Column: f.Column, EndLine: f.EndLine, EndColumn: f.EndColumn,
			Commit: f.Commit, Author: f.Author, Date: f.Date,
			Fingerprint: f.Fingerprint, Confidence: rounded(f.Confidence), Reasons: notNil(f.Reasons), Hint: f.Hint,
		}
	})
	j.text("\n}\n")
	return cmp.Or(j.err, j.w.Flush())
}

// rounded cuts what a sum of floats leaves behind: 0.8500000001.
func rounded(confidence float64) float64 { return float64(int(confidence*1000+0.5)) / 1000 }
