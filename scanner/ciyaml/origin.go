package ciyaml

import "cmp"

// Origin is where something stands in the configuration.
type Origin struct {
	File   string   // as its include names it, within its project; the path given to Resolve for the root; empty is unknown
	Line   int      // 1-based; 0 is unknown
	Column int      // 1-based, in characters; 0 is unknown, as inside of a block of text
	Via    []string // files whose includes lead to File, the root first; empty in the root
}

// compare orders origins by file, line and column.
func (o Origin) compare(p Origin) int {
	return cmp.Or(cmp.Compare(o.File, p.File), cmp.Compare(o.Line, p.Line), cmp.Compare(o.Column, p.Column))
}

// source is a file that is read, once for every include that brings it.
type source struct {
	name        string
	via         []string
	above       *source // whose include brings it; nil for the root
	starts      bool    // a child pipeline, whose includes are no part of this file's
	conditional bool    // some include that leads here has rules
	project     string  // in which local includes of the file lie; empty is the project of the root
	ref         string  // of project
	alone       bool    // the file lies in no project, so that it has no local includes
	component   componentName
}

func (s *source) at(line, column int) Origin {
	if s == nil {
		return Origin{Line: line, Column: column}
	}
	return Origin{File: s.name, Line: line, Column: column, Via: s.via}
}

func (o Origin) place() place { return place{o.File, o.Line} }
